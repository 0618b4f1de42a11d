"""Stream tickets: a native `EventSource` cannot send a header, so it brings a secret of 60 s that works once."""

from typing import Final

from aiohttp import web
from sqlalchemy import Connection, delete, insert, select

from deskbell_relay.http.principal import Principal
from deskbell_relay.http.responses import json_response
from deskbell_relay.http.route import Call, Route
from deskbell_relay.oauth.secrets import digest, new_secret
from deskbell_relay.store.engine import Store
from deskbell_relay.store.identity_tables import stream_tickets
from deskbell_relay.store.tables import devices
from deskbell_wire.clock import SECOND, now_us
from deskbell_wire.errors import Problem

LIFETIME_S: Final = 60


class Tickets:
    """Gives tickets out and takes them back."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        """This file's row of the route table."""
        return [Route("POST", "/v1/stream-ticket", self.give, "device", summary="A ticket for one stream")]

    async def give(self, call: Call) -> web.StreamResponse:
        """201 with a ticket of the calling device."""
        ticket, device_id = new_secret(), call.device
        expires_at = now_us() + LIFETIME_S * SECOND

        def operation(connection: Connection) -> None:
            connection.execute(
                insert(stream_tickets).values(hash=digest(ticket), device_id=device_id, expires_at=expires_at)
            )

        await self._store.write(operation)
        return json_response({"ticket": ticket, "expires_in": LIFETIME_S}, status=201)

    async def redeem(self, ticket: str) -> Principal:
        """The device behind a ticket, which is used up by this. Raises Problem invalid_ticket."""
        principal = await self._store.write(lambda connection: redeem(connection, ticket))
        if principal is None:
            raise Problem("invalid_ticket", "This stream ticket was used, has expired or was never given out.")
        return principal


def redeem(connection: Connection, ticket: str) -> Principal | None:
    """Delete the ticket and tell whose it was; None when it was no good, or its device has been revoked since."""
    key = digest(ticket)
    row = connection.execute(
        select(stream_tickets.c.expires_at, devices.c.id, devices.c.account_id, devices.c.name)
        .join(devices, devices.c.id == stream_tickets.c.device_id)
        .where(stream_tickets.c.hash == key, devices.c.revoked_at.is_(None))
        .with_for_update()
    ).one_or_none()
    taken = connection.execute(delete(stream_tickets).where(stream_tickets.c.hash == key)).rowcount
    if row is None or taken != 1 or row.expires_at <= now_us():
        return None
    return Principal(row.account_id, frozenset(), device_id=row.id, name=row.name)


def purge(connection: Connection) -> int:
    """Delete expired tickets; how many went."""
    return connection.execute(delete(stream_tickets).where(stream_tickets.c.expires_at <= now_us())).rowcount
