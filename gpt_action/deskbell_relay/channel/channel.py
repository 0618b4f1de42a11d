"""The channel: what is appended is durable first, and announced then."""

from collections.abc import Sequence

from sqlalchemy import Connection

from deskbell_relay.channel import log
from deskbell_relay.channel.bus import Bus, Grown
from deskbell_relay.channel.log import Appended, Entry, Extent
from deskbell_relay.store.batch import Batch
from deskbell_relay.store.engine import Store
from deskbell_wire.clock import now_us
from deskbell_wire.stream import EventType


class Channel:
    """All accounts' logs, as the rest of the relay sees them."""

    def __init__(self, store: Store, bus: Bus, epoch: str) -> None:
        self.epoch = epoch
        self._store = store
        self._bus = bus
        self._appends: Batch[Entry, Appended] = Batch(store, _append, committed=self.announce)

    async def publish(self, account_id: str, event_type: EventType, data: str) -> int:
        """Append an event of JSON `data`; returns its number once it is durable and announced."""
        return (await self._appends.add(Entry(account_id, event_type, data))).seq

    def announce(self, appended: Sequence[Appended]) -> None:
        """Tell every process what a commit has just made durable."""
        now = now_us()
        for event in appended:
            self._bus.publish(Grown(event.entry.account_id, event.seq, event, now))

    async def after(self, account_id: str, seq: int, most: int) -> list[tuple[int, str, str]]:
        """Up to `most` events after `seq`, as (seq, type, data)."""
        return await self._store.read(lambda connection: log.after(connection, account_id, seq, most))

    async def extent(self, account_id: str) -> Extent:
        """Which events the account keeps."""
        return await self._store.read(lambda connection: log.extent(connection, account_id))

    async def heads(self, account_ids: Sequence[str]) -> dict[str, int]:
        """The newest number of each account."""
        return await self._store.read(lambda connection: log.heads(connection, account_ids))

    async def forget(self, *, before: int, keep: int) -> int:
        """Delete what is older than `before` or beyond the newest `keep`; how many events went."""
        return await self._store.write(lambda connection: log.forget(connection, before=before, keep=keep))


def _append(connection: Connection, items: Sequence[Entry]) -> list[Appended | Exception]:
    return list(log.append(connection, items, now=now_us()))
