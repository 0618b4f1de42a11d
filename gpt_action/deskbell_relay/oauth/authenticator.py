"""From a bearer token to a principal: checked once, remembered until it expires or is revoked."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Final

from sqlalchemy import Connection, select, update

from deskbell_relay.http.principal import Principal
from deskbell_relay.http.route import Access
from deskbell_relay.oauth import tokens
from deskbell_relay.oauth.audiences import Audiences
from deskbell_relay.oauth.keys import Keys
from deskbell_relay.oauth.tokens import Claims, UnknownKeyError
from deskbell_relay.store.engine import Store
from deskbell_relay.store.tables import devices, grants
from deskbell_wire.actions import SCOPES
from deskbell_wire.clock import SECOND, now_us
from deskbell_wire.errors import Problem

MOST_REMEMBERED: Final = 100_000
"""About 0.5 kB each."""

USED_EVERY_S: Final = 60
"""How often a grant's `used_at` is written at the most."""

SLICE: Final = 200
"""Grants whose use is written at once."""

REREAD_EVERY_S: Final = 1.0
"""How often an unknown key makes us look into the database: strangers choose the `kid`."""

_PATHS: Final = {"assistant": "actions", "mcp": "mcp", "device": "v1", "stream": "v1", "public": "v1", "chat": "v1"}


@dataclass(slots=True)
class _Remembered:
    principal: Principal
    good_until: float
    """Unix time: the token's end, or sooner when the grant's use is to be noted again."""
    expires_at: float


class Authenticator:
    """Checks tokens and stream tickets for the guard."""

    def __init__(
        self, store: Store, keys: Keys, audiences: Audiences, tickets: Callable[[str], Awaitable[Principal]]
    ) -> None:
        self._store = store
        self._keys = keys
        self._audiences = audiences
        self._tickets = tickets
        self._remembered: dict[bytes, _Remembered] = {}
        self._by_credential: dict[str, set[bytes]] = {}
        self._used: set[str] = set()
        self._forgotten = 0
        self._reread_at = 0.0

    async def authenticate(self, token: str, access: Access) -> Principal:
        """The holder of `token`. Raises Problem missing_token, invalid_token, expired_token, revoked_token."""
        key = sha256((access + token).encode("utf-8", "surrogatepass")).digest()
        remembered = self._remembered.get(key)
        if remembered is not None and time.time() < remembered.good_until:
            return remembered.principal
        if remembered is not None and time.time() < remembered.expires_at:
            self._note_use(remembered)
            return remembered.principal
        try:
            return await self._check(token, access, key)
        except Problem as problem:
            if problem.status == 401:
                problem.headers["WWW-Authenticate"] = self._challenge(access, problem)
            raise

    async def redeem_ticket(self, ticket: str) -> Principal:
        """The device that asked for this stream ticket. Raises Problem invalid_ticket."""
        return await self._tickets(ticket)

    def forget(self, credential_id: str) -> None:
        """A device or grant was revoked: its tokens are checked anew, and fail."""
        self._forgotten += 1
        for key in self._by_credential.pop(credential_id, ()):
            self._remembered.pop(key, None)

    def forget_all(self) -> None:
        """A key was withdrawn: every token is checked anew."""
        self._forgotten += 1
        self._remembered.clear()
        self._by_credential.clear()

    async def flush(self) -> None:
        """Write down which grants were used since the last flush. In slices, so that commands pass in between."""
        used, self._used = list(self._used), set()
        for start in range(0, len(used), SLICE):
            await self._store.write(partial(_write_used, used[start : start + SLICE]))

    async def _check(self, token: str, access: Access, key: bytes) -> Principal:
        if not token:
            raise Problem("missing_token", "No access token came with the request.")
        claims = await self.claims(token, self._audiences.of_access(access))
        if (claims.device_id is None) != (access in ("assistant", "mcp", "chat")):
            raise tokens.unacceptable()
        forgotten = self._forgotten
        principal = await self._store.read(lambda connection: _living(connection, claims))
        if principal is None:
            raise Problem("revoked_token", "This access was revoked.")
        if forgotten == self._forgotten:  # else it may have been revoked after we read
            self._remember(key, claims, principal)
        return principal

    async def claims(self, token: str, audience: str) -> Claims:
        """What a token of ours says, whether or not its holder was revoked. Raises Problem invalid_token, expired_token."""
        for _ in range(2):
            try:
                return tokens.verify(token, self._keys.verifier, issuer=self._audiences.issuer, audience=audience)
            except UnknownKeyError:
                if time.monotonic() < self._reread_at:
                    break
                self._reread_at = time.monotonic() + REREAD_EVERY_S
                await self._keys.read()
        raise tokens.unacceptable()

    def _remember(self, key: bytes, claims: Claims, principal: Principal) -> None:
        if len(self._remembered) >= MOST_REMEMBERED:
            self._drop(next(iter(self._remembered)))
        expires_at = claims.expires_at / SECOND + tokens.LEEWAY_S
        remembered = _Remembered(principal, expires_at, expires_at)
        if key in self._remembered:
            self._drop(key)  # so that the order of age stays right
        self._remembered[key] = remembered
        self._by_credential.setdefault(principal.credential, set()).add(key)
        self._note_use(remembered)

    def _drop(self, key: bytes) -> None:
        credential = self._remembered.pop(key).principal.credential
        keys = self._by_credential.get(credential)
        if keys is not None:
            keys.discard(key)
            if not keys:
                del self._by_credential[credential]

    def _note_use(self, remembered: _Remembered) -> None:
        grant_id = remembered.principal.grant_id
        if grant_id is not None:
            self._used.add(grant_id)
            remembered.good_until = min(remembered.expires_at, time.time() + USED_EVERY_S)

    def _challenge(self, access: Access, problem: Problem) -> str:
        """RFC 6750 section 3, and where a client learns how to sign in (RFC 9728 section 5.1)."""
        metadata = f"{self._audiences.issuer}/.well-known/oauth-protected-resource/{_PATHS[access]}"
        challenge = f'Bearer resource_metadata="{metadata}"'
        if access == "mcp":  # MCP clients ask for exactly these; without them, for all that the server has
            challenge += f', scope="{" ".join(SCOPES)}"'
        if problem.code == "missing_token":
            return challenge
        return f'{challenge}, error="invalid_token", error_description="{problem.detail}"'


def _living(connection: Connection, claims: Claims) -> Principal | None:
    """The principal of a device or grant that is there and not revoked; a grant's scopes are what is granted now."""
    who = Principal(claims.account_id, claims.scopes, device_id=claims.device_id, grant_id=claims.grant_id)
    if claims.device_id is not None:
        name = connection.execute(
            select(devices.c.name).where(
                devices.c.id == claims.device_id,
                devices.c.account_id == claims.account_id,
                devices.c.revoked_at.is_(None),
            )
        ).scalar()
        return None if name is None else replace(who, name=name)
    grant = connection.execute(
        select(grants.c.name, grants.c.host, grants.c.scopes).where(
            grants.c.id == claims.grant_id,
            grants.c.account_id == claims.account_id,
            grants.c.client_id == claims.client_id,
            grants.c.revoked_at.is_(None),
        )
    ).one_or_none()
    if grant is None:
        return None
    return replace(who, name=grant.name, host=grant.host, scopes=claims.scopes & frozenset(grant.scopes))


def _write_used(grant_ids: Sequence[str], connection: Connection) -> None:
    connection.execute(update(grants).where(grants.c.id.in_(grant_ids)).values(used_at=now_us()))
