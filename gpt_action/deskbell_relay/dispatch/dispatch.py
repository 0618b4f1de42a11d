"""Dispatch: accept a submission, wait for its result as long as the door may, and answer with what there is."""

from collections.abc import Sequence

from deskbell_relay.channel.channel import Channel
from deskbell_relay.dispatch.acceptance import Acceptor
from deskbell_relay.dispatch.submission import Acceptance, Submission
from deskbell_relay.http.metrics import Metrics
from deskbell_relay.http.rates import Rates
from deskbell_relay.results.commands import Commands
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
        acceptor: Acceptor,
        commands: Commands,
        rates: Rates,
        settings: Settings,
        metrics: Metrics,
    ) -> None:
        self._channel = channel
        self._commands = commands
        self._rates = rates
        self._settings = settings
        self._metrics = metrics
        self._acceptances: Batch[Submission, Acceptance] = Batch(store, acceptor, committed=self._announce)

    def _announce(self, accepted: Sequence[Acceptance]) -> None:
        self._channel.announce([acceptance.appended for acceptance in accepted if acceptance.appended is not None])

    async def submit(self, submission: Submission, wait_s: float | None = None) -> Result:
        """Make the submission durable, and wait for its result: `wait_s` at most, or what the settings allow.

        A device that is offline is given only a moment: it may just be reconnecting.
        Raises Problem rate_limited, no_capable_device, device_not_found, idempotency_conflict, storage_unavailable.
        """
        account_id = submission.principal.account_id
        self._rates.hit(self._settings.commands_rate, "commands", account_id)
        acceptance = await self._acceptances.add(submission)
        if acceptance.appended is not None:
            self._metrics.commands.labels(submission.action.id).inc()
        allowed = self._settings.wait_s if acceptance.device_online else self._settings.offline_wait_s
        patience = allowed if wait_s is None else min(wait_s, self._settings.wait_s)
        return await self._commands.wait(account_id, acceptance.command_id, patience)
