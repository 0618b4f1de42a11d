"""Dispatch: accept a submission, wait for its result as long as the door may, and answer with what there is."""

import asyncio
from collections.abc import Sequence

from deskbell_relay.channel.channel import Channel
from deskbell_relay.dispatch.acceptance import Acceptor
from deskbell_relay.dispatch.roster import Rosters
from deskbell_relay.dispatch.submission import Acceptance, Submission
from deskbell_relay.http.metrics import Metrics
from deskbell_relay.http.rates import Rates
from deskbell_relay.results.commands import Commands
from deskbell_relay.results.view import result_of
from deskbell_relay.results.waiting import Waiting, Watch
from deskbell_relay.settings import Settings
from deskbell_relay.store.batch import Batch
from deskbell_relay.store.engine import Store
from deskbell_wire.result import Result


class Dispatch:
    """Hop 2. What the doors have in common stands here."""

    def __init__(
        self,
        store: Store,
        channel: Channel,
        rosters: Rosters,
        commands: Commands,
        waiting: Waiting,
        rates: Rates,
        settings: Settings,
        metrics: Metrics,
    ) -> None:
        self._channel = channel
        self._commands = commands
        self._waiting = waiting
        self._rates = rates
        self._settings = settings
        self._metrics = metrics
        self._acceptances: Batch[Submission, Acceptance] = Batch(store, Acceptor(rosters), committed=self._announce)
        self._withdrawals: set[asyncio.Task[None]] = set()

    def _announce(self, accepted: Sequence[Acceptance]) -> None:
        self._channel.announce([acceptance.fresh.appended for acceptance in accepted if acceptance.fresh is not None])

    async def submit(self, submission: Submission, wait_s: float | None = None, watch: Watch | None = None) -> Result:
        """Make the submission durable, and wait for its result: `wait_s` at most, or what the settings allow.

        A device that is offline is given only a moment: it may just be reconnecting. `watch` hears of its progress.
        Raises Problem rate_limited, no_capable_device, device_not_found, idempotency_conflict, storage_unavailable.
        """
        account_id = submission.principal.account_id
        self._rates.hit(self._settings.commands_rate, "commands", account_id)
        patience = self._settings.wait_s if wait_s is None else min(wait_s, self._settings.wait_s)
        with self._waiting.expect(submission.command_id, watch) as expectation:
            acceptance = await self._acceptances.add(submission)
            fresh = acceptance.fresh
            if fresh is None:
                return await self._commands.wait(account_id, acceptance.command_id, patience, watch)
            self._metrics.commands.labels(submission.action.id).inc()
            if patience <= 0:
                return result_of(fresh.row, online=fresh.device_online)
            if not fresh.device_online and wait_s is None:
                patience = self._settings.offline_wait_s
            result = await expectation.settled(patience)
        return result or await self._commands.get(account_id, submission.command_id)

    def withdraw(self, submission: Submission) -> None:
        """Its caller has gone, or wants it no more: end its command, if it became one and has not begun."""
        own = submission.principal.account_id, submission.command_id
        task = asyncio.create_task(self._commands.withdraw(*own, grant_id=submission.asker_id), name="withdraw")
        self._withdrawals.add(task)
        task.add_done_callback(self._withdrawals.discard)
