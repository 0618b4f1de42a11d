"""Issuing tokens, and exchanging refresh tokens.

A refresh token is used once: it is exchanged for a successor. A client may lose the answer in which its successor
came; so, for `refresh_grace_s` after its first use and as long as none of its successors was used, it may be exchanged
again. The successor that is used first is the one that lives: its siblings are dead from then on. A token that comes
again after all this was copied by somebody, and nobody can tell by whom: the whole family ends, and the device or grant
with it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection, delete, func, insert, select, update

from deskbell_relay.oauth.audiences import Audiences
from deskbell_relay.oauth.keys import Keys
from deskbell_relay.oauth.secrets import digest, new_secret
from deskbell_relay.oauth.tokens import mint
from deskbell_relay.settings import Settings
from deskbell_relay.store.identity_tables import refresh_families, refresh_tokens
from deskbell_wire.clock import DAY, SECOND, now_us
from deskbell_wire.pairing import DeviceTokens

MOST_SUCCESSORS: Final = 8
"""Of one token, within its grace."""

USED_KEPT_US: Final = 7 * DAY
"""How long a used token is remembered, to notice that it comes again."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """A refresh token was exchanged for `refresh_token`."""

    account_id: str
    credential_id: str
    resource: str
    scopes: tuple[str, ...]
    refresh_token: str


@dataclass(frozen=True, slots=True)
class Reused:
    """A refresh token came again: its family has ended, and its holder is to be revoked."""

    account_id: str
    credential_id: str


Rotation = Rotated | Reused | Literal["unknown"]


class Issuer:
    """Makes access tokens with the current key, and refresh tokens in the caller's transaction."""

    def __init__(self, settings: Settings, keys: Keys, audiences: Audiences) -> None:
        self._settings = settings
        self._keys = keys
        self._audiences = audiences

    def access_token(
        self,
        *,
        account_id: str,
        client_id: str,
        audience: str,
        scopes: Iterable[str],
        device_id: str | None = None,
        grant_id: str | None = None,
    ) -> str:
        """A signed access token."""
        return mint(
            self._keys.signer(),
            issuer=self._settings.issuer,
            audience=audience,
            account_id=account_id,
            client_id=client_id,
            scopes=scopes,
            lifetime_s=self._settings.access_token_s,
            device_id=device_id,
            grant_id=grant_id,
        )

    def device_tokens(self, connection: Connection, *, account_id: str, device_id: str, client_id: str) -> str:
        """The first refresh token of a new device."""
        return self.begin_family(
            connection,
            account_id=account_id,
            credential_id=device_id,
            client_id=client_id,
            resource=self._audiences.devices,
            scopes=(),
        )

    def device_answer(self, *, account_id: str, device_id: str, client_id: str, refresh_token: str) -> DeviceTokens:
        """What a device gets, with a fresh access token."""
        return DeviceTokens(
            access_token=self.access_token(
                account_id=account_id,
                client_id=client_id,
                audience=self._audiences.devices,
                scopes=(),
                device_id=device_id,
            ),
            expires_in=self._settings.access_token_s,
            refresh_token=refresh_token,
            account_id=account_id,
            device_id=device_id,
        )

    def begin_family(
        self,
        connection: Connection,
        *,
        account_id: str,
        credential_id: str,
        client_id: str,
        resource: str,
        scopes: Iterable[str],
    ) -> str:
        """A new family for the device or grant; its first refresh token."""
        now = now_us()
        connection.execute(
            insert(refresh_families).values(
                credential_id=credential_id,
                account_id=account_id,
                client_id=client_id,
                resource=resource,
                scopes=list(scopes),
                created_at=now,
            )
        )
        return self._add(connection, credential_id, None, now)

    def rotate(self, connection: Connection, client_id: str, token: str) -> Rotation:
        """Exchange `token` of the client, as the top of this file says."""
        now = now_us()
        key = digest(token)
        query = (
            select(refresh_tokens, refresh_families)
            .join(refresh_families)
            .where(refresh_tokens.c.hash == key)
            .with_for_update()
        )
        row = connection.execute(query).mappings().one_or_none()
        if row is None or row[refresh_families.c.ended_at] is not None or row[refresh_tokens.c.expires_at] <= now:
            return "unknown"
        account_id, credential_id = row[refresh_families.c.account_id], row[refresh_families.c.credential_id]
        if row[refresh_families.c.client_id] != client_id or self._comes_again(
            connection, row[refresh_tokens.c.hash], row[refresh_tokens.c.parent], row[refresh_tokens.c.used_at], now
        ):
            connection.execute(
                update(refresh_families).where(refresh_families.c.credential_id == credential_id).values(ended_at=now)
            )
            return Reused(account_id, credential_id)
        if row[refresh_tokens.c.used_at] is None:
            connection.execute(update(refresh_tokens).where(refresh_tokens.c.hash == key).values(used_at=now))
        successor = self._add(connection, credential_id, key, now)
        scopes = tuple(row[refresh_families.c.scopes])
        return Rotated(account_id, credential_id, row[refresh_families.c.resource], scopes, successor)

    def _comes_again(self, connection: Connection, key: str, parent: str | None, used_at: int | None, now: int) -> bool:
        """Whether this use is one too many."""
        if used_at is None:  # unused: fine, unless a sibling was used before it
            return parent is not None and _used_successors(connection, parent) > 0
        within_grace = now - used_at <= self._settings.refresh_grace_s * SECOND
        if not within_grace or _used_successors(connection, key) > 0:
            return True
        return _successors(connection, key) >= MOST_SUCCESSORS

    def _add(self, connection: Connection, credential_id: str, parent: str | None, now: int) -> str:
        token = new_secret()
        connection.execute(
            insert(refresh_tokens).values(
                hash=digest(token),
                credential_id=credential_id,
                parent=parent,
                issued_at=now,
                expires_at=now + self._settings.refresh_token_s * SECOND,
            )
        )
        return token


def _successors(connection: Connection, key: str) -> int:
    return connection.execute(select(func.count()).where(refresh_tokens.c.parent == key)).scalar_one()


def _used_successors(connection: Connection, key: str) -> int:
    query = select(func.count()).where(refresh_tokens.c.parent == key, refresh_tokens.c.used_at.is_not(None))
    return connection.execute(query).scalar_one()


def purge(connection: Connection) -> int:
    """Delete tokens that have expired, or were used a week ago; how many went."""
    now = now_us()
    old = (refresh_tokens.c.expires_at <= now) | (refresh_tokens.c.used_at <= now - USED_KEPT_US)
    return connection.execute(delete(refresh_tokens).where(old)).rowcount
