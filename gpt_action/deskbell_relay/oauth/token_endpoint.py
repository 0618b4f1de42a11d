"""`POST /oauth/token` and `POST /oauth/revoke`: one function a grant type, in one table."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from aiohttp import web
from sqlalchemy import Connection, select

from deskbell_relay.http import body
from deskbell_relay.http.responses import json_response
from deskbell_relay.http.route import Call, Route
from deskbell_relay.oauth import devices, grants
from deskbell_relay.oauth.audiences import Audiences
from deskbell_relay.oauth.authenticator import Authenticator
from deskbell_relay.oauth.authorization import Authorizations, Redeemed, Replayed
from deskbell_relay.oauth.client_authentication import authenticate
from deskbell_relay.oauth.client_documents import DocumentError
from deskbell_relay.oauth.clients import AUTHORIZATION_CODE, DEVICE_CODE, REFRESH_TOKEN, Client, Clients
from deskbell_relay.oauth.device_grant import DeviceGrant
from deskbell_relay.oauth.errors import OAuthError, from_problem
from deskbell_relay.oauth.issue import Issuer, Reused, Rotated
from deskbell_relay.oauth.secrets import digest
from deskbell_relay.oauth.tokens import Claims
from deskbell_relay.settings import Settings
from deskbell_relay.store.engine import Store
from deskbell_relay.store.identity_tables import refresh_families, refresh_tokens
from deskbell_wire.errors import Problem

Answer = dict[str, Any]
GrantType = Callable[[Client, Mapping[str, str]], Awaitable[Answer]]


class TokenEndpoint:
    """Gives tokens, and takes them back. Errors are OAuth's (RFC 6749 section 5.2)."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clients: Clients,
        authorizations: Authorizations,
        device_grant: DeviceGrant,
        issuer: Issuer,
        audiences: Audiences,
        authenticator: Authenticator,
        *,
        revoked: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._store = store
        self._clients = clients
        self._authorizations = authorizations
        self._device_grant = device_grant
        self._issuer = issuer
        self._audiences = audiences
        self._authenticator = authenticator
        self._revoked = revoked
        self._grant_types: Mapping[str, GrantType] = {
            AUTHORIZATION_CODE: self._code,
            REFRESH_TOKEN: self._refresh,
            DEVICE_CODE: self._device,
        }

    def routes(self) -> list[Route]:
        """This room's rows of the route table. They read their forms themselves, to answer in OAuth's words."""
        return [
            Route("POST", "/oauth/token", self.token, "public", rate="public", summary="Tokens (RFC 6749)"),
            Route("POST", "/oauth/revoke", self.revoke, "public", rate="public", summary="Revoke (RFC 7009)"),
        ]

    async def token(self, call: Call) -> web.StreamResponse:
        """RFC 6749 section 5."""
        try:
            form = await self._form(call)
            client = await self._client(call, form)
            name = form.get("grant_type", "")
            grant_type = self._grant_types.get(name)
            if grant_type is None:
                raise OAuthError("unsupported_grant_type", f"grant_type must be one of {', '.join(self._grant_types)}.")
            if name not in client.grant_types:
                raise OAuthError("unauthorized_client", f"{client.id} may not use the grant type {name}.")
            answer = await grant_type(client, form)
        except OAuthError as error:
            return error.response()
        return json_response(answer, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})

    async def revoke(self, call: Call) -> web.StreamResponse:
        """RFC 7009: 200 for every token, known or not; what it belongs to ends."""
        try:
            form = await self._form(call)
            client = await self._client(call, form)
            token = form.get("token")
            if not token:
                raise OAuthError("invalid_request", "token is missing.")
        except OAuthError as error:
            return error.response()
        holder = await self._store.write(lambda connection: end_token(connection, client.id, token))
        if holder is None and "." in token:
            holder = await self._end_access_token(client, token)
        if holder is not None:
            self._revoked(holder)
        return web.Response(status=200)

    async def _code(self, client: Client, form: Mapping[str, str]) -> Answer:
        outcome = await self._store.write(lambda connection: self._redeem(connection, client, form))
        if isinstance(outcome, Replayed):
            self._revoked(outcome.grant_id)
            raise OAuthError("invalid_grant", "This code was used before: all that came of it is revoked.")
        if isinstance(outcome, str):
            raise OAuthError("invalid_target" if outcome.startswith("resource") else "invalid_grant", outcome)
        return self._granted(
            client, outcome.account_id, outcome.grant_id, outcome.resource, outcome.scopes, outcome.refresh_token
        )

    def _redeem(self, connection: Connection, client: Client, form: Mapping[str, str]) -> Redeemed | Replayed | str:
        outcome = self._authorizations.redeem(connection, client, form)
        if isinstance(outcome, Replayed):
            end_holder(connection, outcome.account_id, outcome.grant_id)
        return outcome

    async def _refresh(self, client: Client, form: Mapping[str, str]) -> Answer:
        token, asked = form.get("refresh_token", ""), form.get("resource")
        if client.kind == "device":
            resource = asked
        else:
            resource = None if asked is None else self._audiences.of_resource(asked, client.door) or "foreign"
        outcome = await self._store.write(lambda connection: self._rotate(connection, client.id, token, resource))
        if isinstance(outcome, Reused):
            self._revoked(outcome.credential_id)
            raise OAuthError("invalid_grant", "This refresh token was used before: all that came of it is revoked.")
        if outcome == "another_resource":
            raise OAuthError("invalid_target", "resource differs from that of the grant.")
        if not isinstance(outcome, Rotated):
            raise OAuthError("invalid_grant", "This refresh token is unknown, expired or revoked.")
        if outcome.credential_id.startswith("dev_"):
            return self._issuer.device_answer(
                account_id=outcome.account_id,
                device_id=outcome.credential_id,
                client_id=client.id,
                refresh_token=outcome.refresh_token,
            ).model_dump()
        scopes = narrowed(outcome.scopes, form.get("scope"))
        return self._granted(
            client, outcome.account_id, outcome.credential_id, outcome.resource, scopes, outcome.refresh_token
        )

    def _rotate(
        self, connection: Connection, client_id: str, token: str, resource: str | None
    ) -> Rotated | Reused | str:
        outcome = self._issuer.rotate(connection, client_id, token, resource)
        if isinstance(outcome, Reused):
            end_holder(connection, outcome.account_id, outcome.credential_id)
        return outcome

    async def _device(self, client: Client, form: Mapping[str, str]) -> Answer:
        return (await self._device_grant.redeem(client.id, form.get("device_code", ""))).model_dump()

    def _granted(
        self, client: Client, account_id: str, grant_id: str, resource: str, scopes: tuple[str, ...], refresh_token: str
    ) -> Answer:
        return {
            "token_type": "Bearer",
            "access_token": self._issuer.access_token(
                account_id=account_id, client_id=client.id, audience=resource, scopes=scopes, grant_id=grant_id
            ),
            "expires_in": self._settings.access_token_s,
            "refresh_token": refresh_token,
            "scope": " ".join(scopes),
        }

    async def _end_access_token(self, client: Client, token: str) -> str | None:
        """Revoke what the client's own access token belongs to: its id, or None for a token that is no good."""
        for audience in (self._audiences.actions, self._audiences.mcp, self._audiences.devices):
            try:
                claims = await self._authenticator.claims(token, audience)
            except Problem:  # RFC 7009 section 2.2: that is as good as revoked
                continue
            if claims.client_id == client.id:
                await self._store.write(partial(end_claimed, claims=claims))
                return claims.credential
        return None

    async def _form(self, call: Call) -> Mapping[str, str]:
        try:
            raw = await body.read(call.request, most=self._settings.max_body, timeout_s=self._settings.upload_timeout_s)
            body.media_type(call.request, "application/x-www-form-urlencoded")
            return body.parse_form(raw)
        except Problem as problem:
            raise from_problem(problem) from None

    async def _client(self, call: Call, form: Mapping[str, str]) -> Client:
        header = call.request.headers.get("Authorization")
        try:
            return await authenticate(header, form, self._clients, self._settings.issuer, self._store)
        except DocumentError as error:
            # Not invalid_client for what passes: the client would forget its grant, and ask the person again.
            raise OAuthError(
                "temporarily_unavailable" if error.passing else "invalid_client", error.sentence
            ) from error
        except Problem as problem:
            raise OAuthError("temporarily_unavailable", problem.detail, headers=problem.headers) from None


def narrowed(granted: tuple[str, ...], asked: str | None) -> tuple[str, ...]:
    """The scopes of the new access token: what is asked for, never more. Raises OAuthError invalid_scope."""
    if not asked:
        return granted
    wanted = set(asked.split()) - {"offline_access"}
    if wanted - set(granted):
        raise OAuthError("invalid_scope", "A scope is asked for that was not granted.")
    return tuple(scope for scope in granted if scope in wanted)


def end_holder(connection: Connection, account_id: str, credential_id: str) -> None:
    """Revoke the device or the grant; one that is revoked already stays so."""
    try:
        if credential_id.startswith("dev_"):
            devices.revoke(connection, account_id, credential_id)
        else:
            grants.revoke(connection, account_id, credential_id)
    except Problem as problem:
        if problem.code not in {"device_not_found", "grant_not_found"}:
            raise


def end_claimed(connection: Connection, *, claims: Claims) -> None:
    """Revoke what an access token belongs to."""
    end_holder(connection, claims.account_id, claims.credential)


def end_token(connection: Connection, client_id: str, token: str) -> str | None:
    """Revoke what a refresh token of the client belongs to: its id, or None for a token that is no such one."""
    query = (
        select(refresh_families.c.account_id, refresh_families.c.credential_id)
        .join(refresh_tokens, refresh_tokens.c.credential_id == refresh_families.c.credential_id)
        .where(refresh_tokens.c.hash == digest(token), refresh_families.c.client_id == client_id)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    end_holder(connection, row.account_id, row.credential_id)
    credential_id: str = row.credential_id
    return credential_id
