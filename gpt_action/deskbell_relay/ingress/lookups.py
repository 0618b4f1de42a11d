"""The actions that the relay answers by itself: `command.get`, `device.list` and `local.list`."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Select, select

from deskbell_relay.http.arguments import parsed
from deskbell_relay.http.principal import Principal
from deskbell_relay.results.commands import Commands
from deskbell_relay.settings import Settings
from deskbell_relay.store.engine import Store
from deskbell_relay.store.tables import devices
from deskbell_wire.clock import now_us, to_timestamp
from deskbell_wire.local import ListLocalActions, LocalActionEntries, LocalActionEntry
from deskbell_wire.lookups import DeviceEntries, DeviceEntry, GetResult, ListDevices
from deskbell_wire.result import Result

Answer = Callable[[Principal, Mapping[str, Any], float | None], Awaitable[Result | DeviceEntries | LocalActionEntries]]


class Lookups:
    """Answers without a device. `answers` is the table, by action id."""

    def __init__(self, store: Store, commands: Commands, is_online: Callable[[str], bool], settings: Settings) -> None:
        self._store = store
        self._commands = commands
        self._is_online = is_online
        self._settings = settings
        self.answers: dict[str, Answer] = {
            "command.get": self.get_result,
            "device.list": self.list_devices,
            "local.list": self.list_local_actions,
        }

    async def get_result(self, principal: Principal, arguments: Mapping[str, Any], wait_s: float | None) -> Result:
        """A command of the same account; waits for it like the door that took it. Raises Problem command_not_found."""
        wanted = parsed(GetResult, arguments)
        patience = self._settings.wait_s if wait_s is None else min(wait_s, self._settings.wait_s)
        command = await self._commands.get(principal.account_id, wanted.command_id)
        if command.status == "queued":  # its device is away: there is nothing to wait for but its return
            patience = min(patience, self._settings.offline_wait_s)
        return await self._commands.wait(principal.account_id, wanted.command_id, patience)

    async def list_devices(
        self, principal: Principal, arguments: Mapping[str, Any], _wait_s: float | None
    ) -> DeviceEntries:
        """The account's devices, most preferred first."""
        parsed(ListDevices, arguments)
        return await self._store.read(lambda connection: self._devices(connection, principal.account_id))

    async def list_local_actions(
        self, principal: Principal, arguments: Mapping[str, Any], _wait_s: float | None
    ) -> LocalActionEntries:
        """What the account's devices declare as their person's own actions; the most preferred device's first."""
        parsed(ListLocalActions, arguments)
        return await self._store.read(lambda connection: self._local_actions(connection, principal.account_id))

    def _local_actions(self, connection: Connection, account_id: str) -> LocalActionEntries:
        now = now_us()
        return LocalActionEntries(
            actions=[
                LocalActionEntry(**declared, device=row.name, online=self._is_online(row.id) or row.online_until > now)
                for row in connection.execute(_living(account_id))
                for declared in row.local_actions
            ]
        )

    def _devices(self, connection: Connection, account_id: str) -> DeviceEntries:
        now = now_us()
        return DeviceEntries(
            devices=[
                DeviceEntry(
                    name=row.name,
                    kind=row.kind,
                    online=self._is_online(row.id) or row.online_until > now,
                    actions=row.actions,
                    last_seen_at=None if row.last_seen_at is None else to_timestamp(row.last_seen_at),
                )
                for row in connection.execute(_living(account_id))
            ]
        )


def _living(account_id: str) -> Select[Any]:
    query = select(devices).where(devices.c.account_id == account_id, devices.c.revoked_at.is_(None))
    return query.order_by(devices.c.rank, devices.c.id)
