"""Which devices are online, as every process of the relay can read it in the database."""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection, bindparam, update

from deskbell_relay.store.batch import Batch
from deskbell_relay.store.engine import Store
from deskbell_relay.store.tables import devices
from deskbell_wire.clock import SECOND, now_us
from deskbell_wire.stream import WATCHDOG_S

SLICE = 200

_SEEN = (
    update(devices)
    .where(devices.c.id == bindparam("device"))
    .values(last_seen_at=bindparam("at"), online_until=bindparam("until"))
)


class Presence:
    """Writes down who is here; a process that dies without a word is forgotten after the watchdog's time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._marks: Batch[tuple[str, bool], None] = Batch(store, _mark)

    async def here(self, device_id: str) -> None:
        """The device has opened a stream, or still holds it."""
        await self._marks.add((device_id, True))

    async def all_here(self, device_ids: Sequence[str]) -> None:
        """These devices still hold their streams. In slices, so that commands pass in between."""
        for start in range(0, len(device_ids), SLICE):
            await self._store.write(partial(_renew, device_ids[start : start + SLICE]))

    async def gone(self, device_id: str) -> None:
        """The device's last stream has ended."""
        await self._marks.add((device_id, False))


def _renew(device_ids: Sequence[str], connection: Connection) -> None:
    now = now_us()
    connection.execute(
        update(devices)
        .where(devices.c.id.in_(device_ids))
        .values(last_seen_at=now, online_until=now + WATCHDOG_S * SECOND)
    )


def _mark(connection: Connection, items: Sequence[tuple[str, bool]]) -> list[Exception | None]:
    now = now_us()
    until = now + WATCHDOG_S * SECOND
    connection.execute(_SEEN, [{"device": device, "at": now, "until": until if here else 0} for device, here in items])
    return [None] * len(items)
