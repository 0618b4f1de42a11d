"""The authorization request (RFC 6749 section 4.1, RFC 7636, RFC 8707, RFC 9207): checked, answered, redeemed."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from multidict import MultiMapping
from sqlalchemy import Connection, delete, insert, select, update

from deskbell_relay.oauth import redirects
from deskbell_relay.oauth.audiences import Audiences
from deskbell_relay.oauth.client_documents import DocumentError
from deskbell_relay.oauth.clients import AUTHORIZATION_CODE, Client, Clients
from deskbell_relay.oauth.issue import Issuer
from deskbell_relay.oauth.secrets import digest, new_secret
from deskbell_relay.settings import Settings
from deskbell_relay.store.engine import Store
from deskbell_relay.store.identity_tables import authorization_codes, requests
from deskbell_relay.store.tables import grants
from deskbell_wire.actions import SCOPES
from deskbell_wire.clock import HOUR, SECOND, now_us
from deskbell_wire.errors import Problem
from deskbell_wire.ids import new_id

REQUEST_S: Final = 600
CODE_S: Final = 60
MOST_STATE: Final = 2_000
TOLERATED_SCOPES: Final = frozenset({"offline_access"})
"""Asked for by clients that want a refresh token; everybody gets one here."""

_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")


@dataclass(frozen=True, slots=True)
class Begun:
    """One of the two: the request that now waits for a code, or where the client hears what is wrong with it."""

    request_id: str | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A code became a grant."""

    account_id: str
    grant_id: str
    resource: str
    scopes: tuple[str, ...]
    refresh_token: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """A code came again: what it was redeemed for is to be revoked."""

    account_id: str
    grant_id: str


class ClientErrorAnswer(Exception):  # noqa: N818 - it is the answer of RFC 6749 section 4.1.2.1
    """An error that the client hears at its own address."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code
        self.description = description


class Authorizations:
    """The protocol's side of the authorize pages."""

    def __init__(
        self, settings: Settings, store: Store, clients: Clients, audiences: Audiences, issuer: Issuer
    ) -> None:
        self._settings = settings
        self._store = store
        self._clients = clients
        self._audiences = audiences
        self._issuer = issuer

    async def begin(self, query: MultiMapping[str], browser_hash: str) -> Begun:
        """Check what a client asks. Raises Problem where there is nobody to whom the error could safely be sent."""
        client, redirect_uri = await self._addressee(query)
        state = query.get("state")
        try:
            row = self._request(client, query) | {
                "redirect_uri": redirect_uri,
                "host": redirects.requester(client.id, redirect_uri),
                "browser_hash": browser_hash,
            }
        except ClientErrorAnswer as error:
            return Begun(
                location=self._answer(redirect_uri, state, error=error.code, error_description=error.description)
            )
        await self._store.write(lambda connection: connection.execute(insert(requests).values(row)).rowcount)
        return Begun(request_id=row["id"])

    async def finish(self, request_id: str, browser_hash: str) -> str:
        """The client's address with the code, or with access_denied; once. Raises Problem request_not_found."""
        code = new_secret()
        row = await self._store.write(lambda connection: _finish(connection, request_id, browser_hash, code))
        if row is None:
            raise Problem(
                "request_not_found", "This request was finished before.", next_step="Go back to the assistant."
            )
        if row["granted"]:
            return self._answer(row["redirect_uri"], row["state"], code=code)
        return self._answer(
            row["redirect_uri"], row["state"], error="access_denied", error_description="The person did not allow it."
        )

    def redeem(self, connection: Connection, client: Client, form: Mapping[str, str]) -> Redeemed | Replayed | str:
        """Exchange a code for a grant, in the caller's transaction; else what is wrong with it.

        It does not raise: what it burns and revokes must stay burnt and revoked.
        """
        now = now_us()
        key = digest(form.get("code", ""))
        row = connection.execute(
            select(authorization_codes).where(authorization_codes.c.hash == key).with_for_update()
        ).one_or_none()
        if row is None:
            return "There is no such code."
        if row.used_at is not None:
            return Replayed(row.account_id, row.grant_id) if row.grant_id else "This code was used before."
        connection.execute(update(authorization_codes).where(authorization_codes.c.hash == key).values(used_at=now))
        if row.client_id != client.id:
            return "This code belongs to another client; it is void now."
        if row.expires_at <= now:
            return "This code has expired."
        if row.redirect_uri != form.get("redirect_uri", ""):
            return "redirect_uri differs from that of the authorization request."
        if not redirects.is_registered(row.redirect_uri, client.redirect_uris):
            return "The redirect_uri of the authorization request is no longer one of this client's."
        if not proves(row.challenge, form.get("code_verifier")):
            return "code_verifier does not fit the code_challenge of the authorization request."
        asked = form.get("resource")
        if asked is not None and self._audiences.of_resource(asked, client.door) != row.resource:
            return "resource differs from that of the authorization request."
        grant_id = new_id("gra")
        connection.execute(
            insert(grants).values(
                id=grant_id,
                account_id=row.account_id,
                client_id=client.id,
                name=row.name,
                host=row.host,
                scopes=row.scopes,
                created_at=now,
            )
        )
        refresh_token = self._issuer.begin_family(
            connection,
            account_id=row.account_id,
            credential_id=grant_id,
            client_id=client.id,
            resource=row.resource,
            scopes=row.scopes,
        )
        connection.execute(
            update(authorization_codes).where(authorization_codes.c.hash == key).values(grant_id=grant_id)
        )
        return Redeemed(row.account_id, grant_id, row.resource, tuple(row.scopes), refresh_token)

    async def _addressee(self, query: MultiMapping[str]) -> tuple[Client, str]:
        """The client and its address, both known to belong together. Raises Problem malformed_request."""
        for name in ("client_id", "redirect_uri"):
            if len(query.getall(name, [])) != 1:
                raise Problem("malformed_request", f"The link that brought you here must name one {name}.")
        try:
            client = await self._clients.find(query["client_id"])
        except DocumentError as error:
            raise Problem(
                "malformed_request",
                error.sentence,
                next_step="Try again in a few minutes." if error.passing else "Tell the maker of the assistant.",
            ) from error
        if client is None or AUTHORIZATION_CODE not in client.grant_types:
            raise Problem(
                "malformed_request",
                "The link that brought you here names an assistant that this relay does not know, or no longer.",
                next_step="Remove the connection in the assistant and add it again: it then introduces itself anew.",
            )
        if not redirects.is_registered(query["redirect_uri"], client.redirect_uris):
            raise Problem(
                "malformed_request",
                "The link that brought you here would send the answer to an address that is not registered for this assistant.",
                next_step="If you set it up yourself: register exactly the callback address that it shows.",
            )
        return client, query["redirect_uri"]

    def _request(self, client: Client, query: MultiMapping[str]) -> dict[str, Any]:
        """The row of a valid request. Raises ClientErrorAnswer."""
        for name in set(query):
            if len(query.getall(name)) > 1:
                raise ClientErrorAnswer("invalid_request", f"{name[:40]} is given more than once.")
        if "request" in query or "request_uri" in query:
            raise ClientErrorAnswer("request_not_supported", "Request objects are not supported.")
        if query.get("response_type") != "code":
            raise ClientErrorAnswer("unsupported_response_type", "response_type must be code.")
        if query.get("response_mode", "query") != "query":
            raise ClientErrorAnswer("invalid_request", "response_mode must be query.")
        state = query.get("state")
        if state is not None and len(state) > MOST_STATE:
            raise ClientErrorAnswer("invalid_request", f"state is longer than {MOST_STATE} characters.")
        resource = self._audiences.of_resource(query.get("resource"), client.door)
        if resource is None:
            raise ClientErrorAnswer("invalid_target", "resource is not one of this relay.")
        now = now_us()
        return {
            "id": new_id("req"),
            "kind": "assistant",
            "status": "open",
            "client_id": client.id,
            "name": client.name,
            "scopes": asked_scopes(query.get("scope")),
            "actions": [],
            "created_at": now,
            "expires_at": now + REQUEST_S * SECOND,
            "state": state,
            "challenge": asked_challenge(client, query),
            "resource": resource,
        }

    def _answer(self, redirect_uri: str, state: str | None, **answer: str) -> str:
        """The redirect's address, with `state` as it came and `iss` (RFC 9207)."""
        return redirects.with_parameters(
            redirect_uri, [*answer.items(), ("state", state), ("iss", self._settings.issuer)]
        )


def asked_scopes(text: str | None) -> list[str]:
    """The scopes of the request; all of them when it names none. Raises ClientErrorAnswer invalid_scope."""
    asked = set((text or "").split()) - TOLERATED_SCOPES
    if unknown := asked - SCOPES.keys():
        raise ClientErrorAnswer(
            "invalid_scope", f"There is no scope {min(unknown)[:60]}; there are {' '.join(SCOPES)}."
        )
    return [scope for scope in SCOPES if scope in asked or not asked]


def asked_challenge(client: Client, query: MultiMapping[str]) -> str | None:
    """The S256 challenge; None for a confidential client without one. Raises ClientErrorAnswer invalid_request."""
    challenge, method = query.get("code_challenge"), query.get("code_challenge_method")
    if challenge is None and method is None and not client.needs_pkce:
        return None
    if challenge is None:
        raise ClientErrorAnswer("invalid_request", "code_challenge is missing: this client must use PKCE.")
    if method != "S256":
        raise ClientErrorAnswer("invalid_request", "code_challenge_method must be S256.")
    if _CHALLENGE.fullmatch(challenge) is None:
        raise ClientErrorAnswer("invalid_request", "code_challenge is no base64url SHA-256.")
    return challenge


def proves(challenge: str | None, verifier: str | None) -> bool:
    """Whether the verifier fits (RFC 7636 section 4.6). One without a challenge is a downgrade, and does not."""
    if challenge is None or verifier is None:
        return challenge is None and verifier is None
    if _VERIFIER.fullmatch(verifier) is None:
        return False
    return hmac.compare_digest(challenge_of(verifier), challenge)


def challenge_of(verifier: str) -> str:
    """S256 of RFC 7636 section 4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _finish(connection: Connection, request_id: str, browser_hash: str, code: str) -> dict[str, Any] | None:
    """End a decided request; with a code where it was approved in time."""
    now = now_us()
    query = (
        select(requests).where(requests.c.id == request_id, requests.c.browser_hash == browser_hash).with_for_update()
    )
    row = connection.execute(query).one_or_none()
    if row is None or row.status in ("open", "pending", "done"):
        return None
    connection.execute(update(requests).where(requests.c.id == request_id).values(status="done"))
    granted = row.status == "approved" and row.expires_at > now
    if granted:
        connection.execute(
            insert(authorization_codes).values(
                hash=digest(code),
                account_id=row.account_id,
                client_id=row.client_id,
                name=row.name,
                host=row.host,
                scopes=row.scopes,
                redirect_uri=row.redirect_uri,
                challenge=row.challenge,
                resource=row.resource,
                expires_at=now + CODE_S * SECOND,
            )
        )
    return {"granted": granted, "redirect_uri": row.redirect_uri, "state": row.state}


def purge(connection: Connection) -> int:
    """Delete codes an hour after their end (so long a replay is noticed); how many went."""
    return connection.execute(
        delete(authorization_codes).where(authorization_codes.c.expires_at <= now_us() - HOUR)
    ).rowcount
