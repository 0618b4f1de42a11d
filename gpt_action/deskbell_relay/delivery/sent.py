"""When a command was written to its device's stream.

That is worth knowing and not worth a commit of its own: the marks are flushed some times a second, in one write, and a
result that comes back sooner takes its mark along.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, update

from deskbell_relay.store.engine import Store
from deskbell_relay.store.tables import commands
from deskbell_wire.clock import now_us

_ONE = (
    update(commands)
    .where(commands.c.id == bindparam("command"), commands.c.status == "queued")
    .values(status="delivered", appended_at=bindparam("durable"), sent_at=bindparam("at"))
)
_RANGE = (
    update(commands)
    .where(
        commands.c.device_id == bindparam("device"),
        commands.c.seq > bindparam("after"),
        commands.c.seq <= bindparam("until"),
        commands.c.status == "queued",
        commands.c.finished_at.is_(None),
    )
    .values(status="delivered", sent_at=bindparam("at"))
)


class Mark(NamedTuple):
    """When a command was durable, and when it was sent: microseconds since the epoch."""

    durable: int
    sent: int


@dataclass(frozen=True, slots=True)
class _Replay:
    device: str
    after: int
    until: int
    at: int


class Sent:
    """Collects the marks of this process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._live: dict[str, Mark] = {}
        self._replays: list[_Replay] = []

    def live(self, command_id: str, durable_us: int) -> None:
        """The command, durable since `durable_us`, went onto its device's stream just now."""
        self._live.setdefault(command_id, Mark(durable_us, now_us()))

    def replayed(self, device_id: str, after: int, until: int) -> None:
        """The commands for the device numbered `after` (not included) to `until` went onto its stream just now."""
        self._replays.append(_Replay(device_id, after, until, now_us()))

    def take(self, command_id: str) -> Mark | None:
        """The command's mark, if it is not flushed yet; it is then forgotten."""
        return self._live.pop(command_id, None)

    async def flush(self) -> None:
        """Store what has been collected."""
        if not self._live and not self._replays:
            return
        ones = [{"command": key, "durable": mark.durable, "at": mark.sent} for key, mark in self._live.items()]
        ranges = [{"device": r.device, "after": r.after, "until": r.until, "at": r.at} for r in self._replays]
        self._live, self._replays = {}, []
        await self._store.write(lambda connection: _store(connection, ones, ranges))


def _store(connection: Connection, ones: Sequence[dict[str, object]], ranges: Sequence[dict[str, object]]) -> None:
    if ones:
        connection.execute(_ONE, list(ones))
    if ranges:
        connection.execute(_RANGE, list(ranges))
