"""Issuing tokens, and exchanging refresh tokens.

A refresh token is used once: it is exchanged for its successor. A client may lose the answer in which the successor
came, or ask twice at the same time; so the same client may exchange it again for `refresh_grace_s` after its first use
(a device for `device_refresh_grace_s`: it stores the successor before it uses it, but it can be killed in between, and a
browser wakes a killed extension only after half a minute),
as long as the successor was not used, and gets the same successor. That is made of the token with the relay's secret,
so it need not be kept to be given again, and however many ask, one line of tokens lives. A token that comes again after
all this, or from another client, was copied by somebody, and nobody can tell by whom: the whole family ends, and the
device or grant with it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection, delete, insert, select, update

from deskbell_relay.oauth.audiences import Audiences
from deskbell_relay.oauth.keys import Keys
from deskbell_relay.oauth.sealing import Sealer
from deskbell_relay.oauth.secrets import digest, new_secret
from deskbell_relay.oauth.tokens import mint
from deskbell_relay.settings import Settings
from deskbell_relay.store.identity_tables import refresh_families, refresh_tokens
from deskbell_wire.clock import DAY, SECOND, now_us
from deskbell_wire.pairing import DeviceTokens

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


Rotation = Rotated | Reused | Literal["unknown", "another_resource"]


class Issuer:
    """Makes access tokens with the current key, and refresh tokens in the caller's transaction."""

    def __init__(self, settings: Settings, keys: Keys, audiences: Audiences, sealer: Sealer) -> None:
        self._settings = settings
        self._sealer = sealer
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
        lifetime_s: int | None = None,
    ) -> str:
        """A signed access token; it lives as long as access tokens do, unless `lifetime_s` says otherwise."""
        return mint(
            self._keys.signer(),
            issuer=self._settings.issuer,
            audience=audience,
            account_id=account_id,
            client_id=client_id,
            scopes=scopes,
            lifetime_s=lifetime_s or self._settings.access_token_s,
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
        token = new_secret()
        self._add(connection, credential_id, token, None, now)
        return token

    def rotate(self, connection: Connection, client_id: str, token: str, resource: str | None = None) -> Rotation:
        """Exchange `token` of the client, as the top of this file says; for another `resource` it is not used up."""
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
        if resource is not None and resource != row[refresh_families.c.resource]:
            return "another_resource"
        account_id, credential_id = row[refresh_families.c.account_id], row[refresh_families.c.credential_id]
        used_at: int | None = row[refresh_tokens.c.used_at]
        of_device = row[refresh_families.c.resource] == self._audiences.devices
        grace_s = self._settings.device_refresh_grace_s if of_device else self._settings.refresh_grace_s
        if row[refresh_families.c.client_id] != client_id or (
            used_at is not None and not _lost_its_answer(connection, key, now - used_at, grace_s)
        ):
            connection.execute(
                update(refresh_families).where(refresh_families.c.credential_id == credential_id).values(ended_at=now)
            )
            return Reused(account_id, credential_id)
        successor = self._sealer.derive(token, credential_id)
        if used_at is None:
            connection.execute(update(refresh_tokens).where(refresh_tokens.c.hash == key).values(used_at=now))
            self._add(connection, credential_id, successor, key, now)
        scopes = tuple(row[refresh_families.c.scopes])
        return Rotated(account_id, credential_id, row[refresh_families.c.resource], scopes, successor)

    def _add(self, connection: Connection, credential_id: str, token: str, parent: str | None, now: int) -> None:
        connection.execute(
            insert(refresh_tokens).values(
                hash=digest(token),
                credential_id=credential_id,
                parent=parent,
                issued_at=now,
                expires_at=now + self._settings.refresh_token_s * SECOND,
            )
        )


def _lost_its_answer(connection: Connection, key: str, since_us: int, grace_s: int) -> bool:
    """Whether a second use may be that of a client which never saw the first one's answer."""
    if since_us > grace_s * SECOND:
        return False
    unused = select(refresh_tokens.c.hash).where(refresh_tokens.c.parent == key, refresh_tokens.c.used_at.is_(None))
    return connection.execute(unused).scalar() is not None


def purge(connection: Connection) -> int:
    """Delete tokens that have expired, or were used a week ago; how many went."""
    now = now_us()
    old = (refresh_tokens.c.expires_at <= now) | (refresh_tokens.c.used_at <= now - USED_KEPT_US)
    return connection.execute(delete(refresh_tokens).where(old)).rowcount
