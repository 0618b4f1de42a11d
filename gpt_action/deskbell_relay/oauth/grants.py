"""The account's grants: which assistants may act on it, and the end of that."""

from collections.abc import Callable
from typing import Any

from aiohttp import web
from sqlalchemy import Connection, Row, select, update

from deskbell_relay.http.responses import json_response, model_response
from deskbell_relay.http.route import Call, Route
from deskbell_relay.oauth.devices import end_family
from deskbell_relay.store.engine import Store
from deskbell_relay.store.tables import grants
from deskbell_wire.clock import now_us, to_timestamp
from deskbell_wire.errors import Problem
from deskbell_wire.pairing import GrantInfo


class Grants:
    """The `/v1/grants` routes."""

    def __init__(self, store: Store, *, revoked: Callable[[str], None]) -> None:
        self._store = store
        self._revoked = revoked

    def routes(self) -> list[Route]:
        """This file's rows of the route table."""
        return [
            Route("GET", "/v1/grants", self.list_all, "device", summary="The assistants that may act on the account"),
            Route("GET", "/v1/grants/{id}", self.get, "device", owns="grant", summary="One of them"),
            Route("DELETE", "/v1/grants/{id}", self.revoke, "device", owns="grant", summary="Cut it off at once"),
        ]

    async def list_all(self, call: Call) -> web.StreamResponse:
        account_id = call.who.account_id
        query = select(grants).where(grants.c.account_id == account_id, grants.c.revoked_at.is_(None))
        rows = await self._store.read(lambda connection: connection.execute(query.order_by(grants.c.id)).all())
        return json_response({"grants": [view(row).model_dump() for row in rows]})

    async def get(self, call: Call) -> web.StreamResponse:
        account_id, grant_id = call.who.account_id, call.request.match_info["id"]
        return model_response(view(await self._store.read(lambda connection: living(connection, account_id, grant_id))))

    async def revoke(self, call: Call) -> web.StreamResponse:
        """204; from now on the assistant can do nothing and refresh nothing."""
        account_id, grant_id = call.who.account_id, call.request.match_info["id"]
        await self._store.write(lambda connection: revoke(connection, account_id, grant_id))
        self._revoked(grant_id)
        return web.Response(status=204)


def living(connection: Connection, account_id: str, grant_id: str) -> Row[Any]:
    """The account's grant. Raises Problem grant_not_found, the same for a foreign id as for one of nobody."""
    row = connection.execute(
        select(grants).where(grants.c.id == grant_id, grants.c.account_id == account_id, grants.c.revoked_at.is_(None))
    ).one_or_none()
    if row is None:
        raise Problem("grant_not_found", "This account has no grant of that id.")
    return row


def revoke(connection: Connection, account_id: str, grant_id: str) -> None:
    """End the grant with its refresh tokens. Raises Problem grant_not_found."""
    living(connection, account_id, grant_id)
    now = now_us()
    connection.execute(update(grants).where(grants.c.id == grant_id).values(revoked_at=now))
    end_family(connection, grant_id, now)


def view(row: Row[Any]) -> GrantInfo:
    """A row of `grants` as the wire says it."""
    return GrantInfo(
        id=row.id,
        name=row.name,
        host=row.host,
        scopes=row.scopes,
        created_at=to_timestamp(row.created_at),
        used_at=None if row.used_at is None else to_timestamp(row.used_at),
    )
