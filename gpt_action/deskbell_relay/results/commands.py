"""The account's commands as the rest of the relay uses them: look up, wait, finish, cancel, and the sweep."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from deskbell_relay.channel.bus import Advanced, Bus, Settled
from deskbell_relay.channel.channel import Channel
from deskbell_relay.channel.log import Appended
from deskbell_relay.delivery.sent import Mark
from deskbell_relay.http.metrics import Metrics
from deskbell_relay.results import archive
from deskbell_relay.results.archive import Finish, Finished, Step
from deskbell_relay.results.view import result_of
from deskbell_relay.results.waiting import Waiting, Watch
from deskbell_relay.store.batch import Batch
from deskbell_relay.store.engine import Store
from deskbell_wire.clock import SECOND, from_timestamp, now_us
from deskbell_wire.command import Status
from deskbell_wire.result import Progress, Report, Result


class Commands:
    """Reads and changes commands; every change is durable before anybody hears of it."""

    def __init__(self, store: Store, channel: Channel, bus: Bus, waiting: Waiting, metrics: Metrics) -> None:
        self._store = store
        self._channel = channel
        self._bus = bus
        self._waiting = waiting
        self._metrics = metrics
        self._finishes: Batch[Finish, Finished] = Batch(store, archive.finish)
        self._steps: Batch[Step, None] = Batch(store, archive.advance)

    async def get(self, account_id: str, command_id: str, *, grant_id: str | None = None) -> Result:
        """The command now; of one grant alone, if it is given. Raises Problem command_not_found."""
        row = await self._store.read(
            lambda connection: archive.one(connection, account_id, command_id, grant_id=grant_id)
        )
        return result_of(row._mapping)

    async def wait(self, account_id: str, command_id: str, timeout_s: float, watch: Watch | None = None) -> Result:
        """The command once it is final, or as it is after `timeout_s`. Raises Problem command_not_found."""
        with self._waiting.expect(command_id, watch) as expectation:
            result = await self.get(account_id, command_id)
            if archive.is_final(result.status) or timeout_s <= 0:
                return result
            return await expectation.settled(timeout_s) or await self.get(account_id, command_id)

    async def page(
        self, account_id: str, status: Status | None, before: str | None, most: int, *, grant_id: str | None = None
    ) -> list[Result]:
        """Up to `most` commands, newest first; of one grant alone, if it is given."""
        rows = await self._store.read(
            lambda connection: archive.page(connection, account_id, status, before, most, grant_id=grant_id)
        )
        return [result_of(row._mapping) for row in rows]

    async def finish(
        self, account_id: str, device_id: str, command_id: str, report: Report, mark: Mark | None
    ) -> Status:
        """Store a device's report; the status that counts. Raises Problem command_not_found, result_conflict."""
        now = now_us()
        item = Finish(
            account_id,
            device_id,
            command_id,
            report.status,
            None if report.output is None else json.dumps(report.output, ensure_ascii=False, separators=(",", ":")),
            None if report.error is None else report.error.model_dump_json(),
            mark,
            None if report.acted_at is None else from_timestamp(report.acted_at),
            now,
        )
        finished = await self._finishes.add(item)
        if finished.fresh:
            self._bus.publish(Settled(command_id, finished.result))
            self._metrics.finished.labels(report.status).inc()
            self._metrics.round_trip.observe((now - finished.received_at) / SECOND)
        return finished.result.status

    async def advance(self, account_id: str, device_id: str, command_id: str, progress: Progress) -> None:
        """Store a device's progress. Raises Problem command_not_found, result_conflict."""
        await self._steps.add(Step(account_id, device_id, command_id, progress.status, progress.message))
        self._bus.publish(Advanced(command_id, progress))

    async def cancel(self, account_id: str, command_id: str) -> Result:
        """Ask for a command's end; the command as it then is. Raises Problem command_not_found, not_cancellable."""
        return self._told(
            *await self._store.write(lambda connection: archive.cancel(connection, account_id, command_id))
        )

    async def withdraw(self, account_id: str, command_id: str, *, grant_id: str) -> None:
        """End a grant's command that nobody waits for any more, unless it has begun; there may be none of that id."""
        if self._waiting.is_awaited(command_id):
            return
        # A write, so that it comes after the one that may be accepting the command right now.
        cancelled = await self._store.write(
            lambda connection: archive.withdraw(connection, account_id, grant_id, command_id)
        )
        if cancelled is not None:
            self._told(*cancelled)

    def _told(self, row: Row[Any], told: Appended) -> Result:
        """Announce a cancellation; the command as it then is."""
        self._channel.announce([told])
        result = result_of(row._mapping)
        if archive.is_final(result.status):
            self._bus.publish(Settled(result.id, result))
            self._metrics.finished.labels(result.status).inc()
        return result

    async def expire(self) -> Sequence[str]:
        """Give up what is overdue; the ids of what was."""
        expired = await self._store.write(lambda connection: archive.expire(connection, now_us()))
        for command_id in expired:
            self._bus.publish(Settled(command_id))
        return expired

    async def end_revoked(self) -> int:
        """Cancel what revoked grants have left in the queue; how many commands that were."""
        ended = 0
        while slice_ := await self._store.write(lambda connection: archive.end_revoked(connection, now_us())):
            self._channel.announce([told for _, told in slice_])
            for command_id, _ in slice_:
                self._bus.publish(Settled(command_id))
                self._metrics.finished.labels("cancelled").inc()
            ended += len(slice_)
        return ended

    async def forget(self, before: int) -> int:
        """Delete commands that ended before the instant `before`; how many went."""
        return await self._store.write(lambda connection: archive.forget(connection, before))
