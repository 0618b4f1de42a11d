"""The account's devices: list, look at, rename, reorder, revoke."""

from collections.abc import Callable, Collection
from typing import Any, Final

from aiohttp import web
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from deskbell_relay.dispatch import roster
from deskbell_relay.http.arguments import parsed
from deskbell_relay.http.responses import json_response, model_response
from deskbell_relay.http.route import Call, Route
from deskbell_relay.store.engine import Store
from deskbell_relay.store.identity_tables import connect_codes, refresh_families, stream_tickets
from deskbell_relay.store.tables import devices
from deskbell_wire.clock import now_us, to_timestamp
from deskbell_wire.errors import Problem
from deskbell_wire.ids import new_id
from deskbell_wire.pairing import DeviceChange, DeviceInfo

OWN: Final = frozenset({"actions", "local_actions"})
"""What a device says of itself, and nobody else of it."""


class Devices:
    """The `/v1/devices` routes."""

    def __init__(
        self,
        store: Store,
        *,
        is_online: Callable[[str], bool],
        revoked: Callable[[str], None],
        roster_changed: Callable[[str], None],
    ) -> None:
        """`roster_changed` hears the account whose devices can do something else now, after the commit."""
        self._store = store
        self._is_online = is_online
        self._revoked = revoked
        self._roster_changed = roster_changed

    def routes(self) -> list[Route]:
        """This file's rows of the route table."""
        return [
            Route("GET", "/v1/devices", self.list_all, "device", summary="The devices, most preferred first"),
            Route("GET", "/v1/devices/{id}", self.get, "device", owns="device", summary="One device"),
            Route("PATCH", "/v1/devices/{id}", self.change, "device", body="json", owns="device", summary="Change it"),
            Route("DELETE", "/v1/devices/{id}", self.revoke, "device", owns="device", summary="Cut it off at once"),
        ]

    async def list_all(self, call: Call) -> web.StreamResponse:
        account_id = call.who.account_id
        query = select(devices).where(devices.c.account_id == account_id, devices.c.revoked_at.is_(None))
        rows = await self._store.read(
            lambda connection: connection.execute(query.order_by(devices.c.rank, devices.c.id)).all()
        )
        return json_response({"devices": [self._view(row).model_dump() for row in rows]})

    async def get(self, call: Call) -> web.StreamResponse:
        account_id, device_id = call.who.account_id, call.request.match_info["id"]
        row = await self._store.read(lambda connection: living(connection, account_id, device_id))
        return model_response(self._view(row))

    async def change(self, call: Call) -> web.StreamResponse:
        """Rename or reorder any device of the account. What a device can do, only it can say itself."""
        change = parsed(DeviceChange, call.body)
        account_id, device_id = call.who.account_id, call.request.match_info["id"]
        values = change.model_dump(exclude_none=True)
        own = device_id == call.device

        def operation(connection: Connection) -> Row[Any]:
            row = living(connection, account_id, device_id)
            for name in OWN & values.keys():
                if not own:
                    raise Problem("invalid_arguments", f"{name}: only the device itself can say what it can do.")
            if not values:
                return row
            connection.execute(update(devices).where(devices.c.id == device_id).values(values))
            roster.changed(connection, account_id)
            return living(connection, account_id, device_id)

        row = await self._store.write(operation)
        if values.keys() & OWN:
            self._roster_changed(account_id)
        return model_response(self._view(row))

    async def revoke(self, call: Call) -> web.StreamResponse:
        """204; from now on nothing of the device works. Its queued commands stay with the account until they expire."""
        account_id, device_id = call.who.account_id, call.request.match_info["id"]
        await self._store.write(lambda connection: revoke(connection, account_id, device_id))
        self._revoked(device_id)
        self._roster_changed(account_id)
        return web.Response(status=204)

    def _view(self, row: Row[Any]) -> DeviceInfo:
        return DeviceInfo(
            id=row.id,
            name=row.name,
            kind=row.kind,
            actions=row.actions,
            online=self._is_online(row.id) or row.online_until > now_us(),
            rank=row.rank,
            created_at=to_timestamp(row.created_at),
            last_seen_at=None if row.last_seen_at is None else to_timestamp(row.last_seen_at),
        )


def living(connection: Connection, account_id: str, device_id: str) -> Row[Any]:
    """The account's device. Raises Problem device_not_found, the same for a foreign id as for one of nobody."""
    row = connection.execute(
        select(devices).where(
            devices.c.id == device_id, devices.c.account_id == account_id, devices.c.revoked_at.is_(None)
        )
    ).one_or_none()
    if row is None:
        raise Problem("device_not_found", "This account has no device of that id.")
    return row


def create(connection: Connection, account_id: str, *, name: str, kind: str, actions: Collection[str]) -> str:
    """A new device of the account, the least preferred of all; its id."""
    device_id = new_id("dev")
    last = connection.execute(
        select(func.max(devices.c.rank)).where(devices.c.account_id == account_id, devices.c.revoked_at.is_(None))
    ).scalar()
    connection.execute(
        insert(devices).values(
            id=device_id,
            account_id=account_id,
            name=name,
            kind=kind,
            actions=list(dict.fromkeys(actions)),
            rank=0 if last is None else last + 1,
            created_at=now_us(),
        )
    )
    roster.changed(connection, account_id)
    return device_id


def revoke(connection: Connection, account_id: str, device_id: str) -> None:
    """End the device with its refresh tokens, its codes and its tickets. Raises Problem device_not_found."""
    living(connection, account_id, device_id)
    now = now_us()
    connection.execute(update(devices).where(devices.c.id == device_id).values(revoked_at=now, online_until=0))
    end_family(connection, device_id, now)
    connection.execute(
        delete(connect_codes).where(connect_codes.c.device_id == device_id, connect_codes.c.used_at.is_(None))
    )
    connection.execute(delete(stream_tickets).where(stream_tickets.c.device_id == device_id))
    roster.changed(connection, account_id)


def end_family(connection: Connection, credential_id: str, now: int) -> None:
    """No refresh token of the device or grant works any more."""
    connection.execute(
        update(refresh_families)
        .where(refresh_families.c.credential_id == credential_id, refresh_families.c.ended_at.is_(None))
        .values(ended_at=now)
    )
