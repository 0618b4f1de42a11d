"""`POST /oauth/register`: a client introduces itself (RFC 7591); and the end of those that nobody came to use."""

from typing import Any, Final

import uuid_utils
from aiohttp import web
from sqlalchemy import Connection, and_, delete, exists, insert, or_, select

from deskbell_relay.http import body
from deskbell_relay.http.rates import Rates
from deskbell_relay.http.responses import json_response
from deskbell_relay.http.route import Call, Route
from deskbell_relay.oauth.client_metadata import Described, described
from deskbell_relay.oauth.errors import OAuthError
from deskbell_relay.oauth.secrets import digest, new_secret
from deskbell_relay.settings import Settings
from deskbell_relay.store.engine import Store
from deskbell_relay.store.identity_tables import clients, refresh_families, refresh_tokens, requests
from deskbell_relay.store.tables import grants
from deskbell_wire.clock import DAY, SECOND, now_us
from deskbell_wire.errors import Problem

MOST_URIS: Final = 10
AUTH_METHODS: Final = ("none", "client_secret_basic", "client_secret_post")
USUAL_METHOD: Final = "client_secret_basic"
"""Of a client that names none (RFC 7591 section 2)."""

UNUSED_US: Final = DAY
"""How long a client is kept that was never granted anything."""
QUIET_US: Final = 90 * DAY
"""How long a client is kept after the last use of what it was granted, once all of that has ended."""


class Registration:
    """Takes clients in. Nobody signs in for that: what it gives is a name, not a right."""

    def __init__(self, settings: Settings, store: Store, rates: Rates) -> None:
        self._settings = settings
        self._store = store
        self._rates = rates

    def routes(self) -> list[Route]:
        """This room's row of the route table. It reads its body itself, to answer in OAuth's words."""
        return [
            Route(
                "POST", "/oauth/register", self.register, "public", rate="none", summary="Register a client (RFC 7591)"
            )
        ]

    async def register(self, call: Call) -> web.StreamResponse:
        """201 with the client as it is registered; its secret is told this once. Problem rate_limited."""
        self._rates.hit(self._settings.registration_rate, "registration", call.address)
        try:
            found = described(
                await self._document(call), most_uris=MOST_URIS, auth_methods=AUTH_METHODS, usual=USUAL_METHOD
            )
        except OAuthError as error:
            return error.response()
        self._rates.hit(self._settings.registrations_rate, "registrations")  # of all addresses: they are cheap
        client_id = f"mcp-{uuid_utils.uuid7()}"
        secret = None if found.auth_method == "none" else new_secret()
        now = now_us()
        row = {
            "id": client_id,
            "name": found.name,
            "kind": "public" if secret is None else "confidential",
            "secret_hash": None if secret is None else digest(secret),
            "redirect_uris": list(found.redirect_uris),
            "created_at": now,
            "origin": "registered",
        }
        await self._store.write(lambda connection: connection.execute(insert(clients).values(row)).rowcount)
        call.notes["client"] = client_id
        headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
        return json_response(_answer(client_id, secret, found, now), status=201, headers=headers)

    async def _document(self, call: Call) -> dict[str, Any]:
        settings = self._settings
        try:
            body.media_type(call.request, "application/json")
            raw = await body.read(call.request, most=settings.max_body, timeout_s=settings.upload_timeout_s)
            return body.parse_object(raw, depth=settings.max_json_depth)
        except Problem as problem:
            raise OAuthError("invalid_client_metadata", problem.detail, headers=problem.headers) from None

    def purge(self, connection: Connection) -> int:
        """Delete the registrations that have ended, and the oldest unused ones above the cap; how many went."""
        return purge(connection, self._settings.unused_registrations)


def _answer(client_id: str, secret: str | None, found: Described, now: int) -> dict[str, Any]:
    """RFC 7591 section 3.2.1: all that is registered."""
    answer: dict[str, Any] = {
        "client_id": client_id,
        "client_id_issued_at": now // SECOND,
        "client_name": found.name,
        "redirect_uris": list(found.redirect_uris),
        "token_endpoint_auth_method": found.auth_method,
        "grant_types": list(found.grant_types),
        "response_types": ["code"],
        "scope": found.scope,
    }
    return answer if secret is None else answer | {"client_secret": secret, "client_secret_expires_at": 0}


def purge(connection: Connection, most_unused: int) -> int:
    """Delete registrations as the top of this file says. One with a living grant stays, whatever its age."""
    now = now_us()
    held = select(grants.c.id).where(grants.c.client_id == clients.c.id)
    ever = exists(held)
    quiet = ~exists(held.where(or_(grants.c.created_at > now - QUIET_US, grants.c.used_at > now - QUIET_US)))
    living = exists(
        select(refresh_tokens.c.hash)
        .join(refresh_families, refresh_families.c.credential_id == refresh_tokens.c.credential_id)
        .join(grants, grants.c.id == refresh_families.c.credential_id)
        .where(grants.c.client_id == clients.c.id, grants.c.revoked_at.is_(None))
        .where(refresh_families.c.ended_at.is_(None))
        .where(refresh_tokens.c.used_at.is_(None), refresh_tokens.c.expires_at > now)
    )
    unused = and_(clients.c.origin == "registered", ~ever)
    gone = connection.execute(
        delete(clients).where(
            or_(
                and_(unused, clients.c.created_at <= now - UNUSED_US),
                and_(clients.c.origin == "registered", ever, quiet, ~living),
            )
        )
    ).rowcount
    asking = exists(  # a laptop is just being asked about it
        select(requests.c.id).where(
            requests.c.client_id == clients.c.id, requests.c.status.in_(("pending", "approved"))
        )
    )
    surplus = (
        select(clients.c.id)
        .where(unused, ~asking)
        .order_by(clients.c.created_at.desc(), clients.c.id.desc())
        .offset(most_unused)
    )
    return gone + connection.execute(delete(clients).where(clients.c.id.in_(surplus))).rowcount
