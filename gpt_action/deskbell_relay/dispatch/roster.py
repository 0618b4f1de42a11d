"""The account's devices as dispatch needs them: remembered by this process for as long as they have not changed.

`accounts.roster` counts the changes of an account's devices. It is read with the account's row, in the transaction
that accepts a command, so that what is remembered is never out of date.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select, update

from deskbell_relay.store.prepared import Prepared, one_of
from deskbell_relay.store.tables import accounts, devices

MOST_ACCOUNTS = 20_000
"""About 1 kB each."""

_ACCOUNTS = Prepared(
    lambda count: (
        select(accounts.c.id, accounts.c.seq, accounts.c.roster)
        .where(one_of(accounts.c.id, "id", count))
        .with_for_update()
    ),
    each="id",
)
_DEVICES = select(
    devices.c.id,
    devices.c.account_id,
    devices.c.name,
    devices.c.actions,
    devices.c.rank,
    devices.c.local_actions,
).where(devices.c.account_id.in_(bindparam("ids", expanding=True)), devices.c.revoked_at.is_(None))
_ONLINE = Prepared(
    lambda count: select(devices.c.id, devices.c.online_until).where(one_of(devices.c.id, "id", count)), each="id"
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A device of the account that is not revoked."""

    id: str
    name: str
    actions: frozenset[str]
    rank: int
    local_actions: frozenset[str] = frozenset()
    """The names of the person's own actions on it."""


@dataclass(frozen=True, slots=True)
class Roster:
    """An account's devices, in the order of the account's preference."""

    version: int
    devices: tuple[Candidate, ...]


class Rosters:
    """Used by the store's writer alone, so it needs no lock."""

    def __init__(self, is_online: Callable[[str], bool]) -> None:
        self._is_online = is_online
        self._remembered: OrderedDict[str, Roster] = OrderedDict()

    def read(self, connection: Connection, account_ids: Collection[str]) -> tuple[dict[str, int], dict[str, Roster]]:
        """The newest event number and the devices of each account, under the accounts' rows."""
        rows = _ACCOUNTS.rows(connection, {}, list(account_ids))
        heads = {account_id: seq for account_id, seq, _ in rows}
        stale = {account_id: version for account_id, _, version in rows if not self._is_current(account_id, version)}
        if stale:
            found: dict[str, list[Candidate]] = {account_id: [] for account_id in stale}
            for device in connection.execute(_DEVICES, {"ids": list(found)}):
                local_actions = frozenset(declared["name"] for declared in device.local_actions)
                found[device.account_id].append(
                    Candidate(device.id, device.name, frozenset(device.actions), device.rank, local_actions)
                )
            for account_id, version in stale.items():
                ordered = sorted(found[account_id], key=lambda device: (device.rank, device.id))
                self._remembered[account_id] = Roster(version, tuple(ordered))
        rosters = {account_id: self._remembered[account_id] for account_id in heads}
        while len(self._remembered) > MOST_ACCOUNTS:
            self._remembered.popitem(last=False)
        return heads, rosters

    def online(self, connection: Connection, device_ids: Collection[str], now: int) -> set[str]:
        """Which of the devices hold a stream, here or at another process of the relay."""
        here = {device_id for device_id in device_ids if self._is_online(device_id)}
        elsewhere = [device_id for device_id in device_ids if device_id not in here]
        if not elsewhere:
            return here
        return here | {device for device, until in _ONLINE.rows(connection, {}, elsewhere) if until > now}

    def _is_current(self, account_id: str, version: int) -> bool:
        remembered = self._remembered.get(account_id)
        return remembered is not None and remembered.version == version


def changed(connection: Connection, account_id: str) -> None:
    """Note, in the transaction that changes a device of the account, that its roster is another one now."""
    connection.execute(update(accounts).where(accounts.c.id == account_id).values(roster=accounts.c.roster + 1))
