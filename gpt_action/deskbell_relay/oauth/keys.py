"""The keys that sign access tokens: Ed25519, sealed in the database, rotated with overlap.

A key's life: it is published in the JWKS, some minutes later it signs, until its successor does; it is believed until
the last token that it signed has expired; then it is deleted.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from sqlalchemy import Connection, delete, insert, select, update

from deskbell_relay.oauth.sealing import SealBrokenError, Sealer, relay_secret
from deskbell_relay.settings import Settings
from deskbell_relay.store.engine import Store
from deskbell_relay.store.identity_tables import signing_keys
from deskbell_wire.clock import SECOND, now_us

log = structlog.get_logger()

PUBLISHED_AHEAD_S: Final = 600
"""Longer than a reader may cache the JWKS, and than another process of the relay takes to read the new key."""

BELIEVED_BEYOND_S: Final = 120
"""For the leeway in checking tokens, and for clocks of the relay's processes that differ."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key pair; times in microseconds since the epoch."""

    kid: str
    private: Ed25519PrivateKey
    public: Ed25519PublicKey
    active_from: int
    retires_at: int | None

    def jwk(self) -> dict[str, str]:
        """The public part (RFC 8037 section 2)."""
        return _public_jwk(self.public) | {"kid": self.kid, "use": "sig", "alg": "EdDSA"}


class Keys:
    """The keys as this process knows them."""

    def __init__(self, store: Store, sealer: Sealer, settings: Settings) -> None:
        self._store = store
        self._sealer = sealer
        self._settings = settings
        self._known: dict[str, SigningKey] = {}

    async def start(self) -> None:
        """Read the keys; make the first one. Raises SystemExit when the relay's secret does not open them."""
        if await self.read():
            raise SystemExit(
                "The signing keys in the database were sealed with another secret. Restore DESKBELL_SECRET (or the file "
                "relay.secret in the data folder), or make new keys with: deskbell relay keys rotate --at-once"
            )
        await self.turn()

    async def turn(self) -> bool:
        """Rotate when it is time, forget what has retired, and read what others wrote.

        Whether a key went that this process had believed until now: what was checked with it must be checked again.
        """
        before = set(self._known)
        key, settings = new_key(), self._settings
        await self._store.write(lambda connection: _turn(connection, key, self._sealer, settings, now_us()))
        await self.read()
        return bool(before - set(self._known))

    def signer(self) -> SigningKey:
        """The newest key whose time to sign has come."""
        now = now_us()
        due = [key for key in self._known.values() if key.active_from <= now]
        return max(due, key=lambda key: key.active_from)

    def verifier(self, kid: str) -> Ed25519PublicKey | None:
        """The public key named `kid`, if it is believed now."""
        key = self._known.get(kid)
        if key is None or (key.retires_at is not None and key.retires_at <= now_us()):
            return None
        return key.public

    def jwks(self) -> dict[str, Any]:
        """The JWK set (RFC 7517) of all believed keys."""
        return {"keys": [key.jwk() for key in self._known.values() if self.verifier(key.kid)]}

    async def read(self) -> list[str]:
        """Take over the database's keys; gives the kids that do not open."""
        rows = await self._store.read(lambda connection: connection.execute(select(signing_keys)).all())
        known: dict[str, SigningKey] = {}
        broken: list[str] = []
        for row in rows:
            try:
                # From the sealed part alone: who can write to the database must not be able to add a key of their own.
                private = Ed25519PrivateKey.from_private_bytes(self._sealer.open(row.sealed_private, row.kid))
            except SealBrokenError:
                log.error("signing_key_unreadable", kid=row.kid)
                broken.append(row.kid)
                continue
            known[row.kid] = SigningKey(row.kid, private, private.public_key(), row.active_from, row.retires_at)
        self._known = known
        return broken


def new_key() -> Ed25519PrivateKey:
    """A fresh private key."""
    return Ed25519PrivateKey.generate()


def thumbprint(public: Ed25519PublicKey) -> str:
    """The key's RFC 7638 thumbprint."""
    text = json.dumps(_public_jwk(public), separators=(",", ":"), sort_keys=True)
    return _base64url(hashlib.sha256(text.encode()).digest())


async def rotate(store: Store, settings: Settings, *, at_once: bool = False) -> str:
    """The operator's rotation; gives the new key's kid. Running relays take it over within a minute.

    `at_once`: for a key that has leaked. The old ones are believed no longer, so every client must refresh its token.
    """
    sealer, key = Sealer(relay_secret(settings)), new_key()
    await store.write(lambda connection: _rotate(connection, key, sealer, settings, now_us(), at_once=at_once))
    return thumbprint(key.public_key())


def _turn(connection: Connection, key: Ed25519PrivateKey, sealer: Sealer, settings: Settings, now: int) -> None:
    connection.execute(delete(signing_keys).where(signing_keys.c.retires_at <= now))
    newest = connection.execute(
        select(signing_keys.c.active_from).order_by(signing_keys.c.active_from.desc()).limit(1)
    ).scalar()
    if newest is None:
        _rotate(connection, key, sealer, settings, now, at_once=True)
    elif newest + settings.key_rotation_s * SECOND - _ahead(settings) <= now:
        _rotate(connection, key, sealer, settings, now, at_once=False)


def _rotate(
    connection: Connection, key: Ed25519PrivateKey, sealer: Sealer, settings: Settings, now: int, *, at_once: bool
) -> None:
    active_from = now if at_once else now + _ahead(settings)
    last_token_us = (settings.longest_token_s + BELIEVED_BEYOND_S) * SECOND
    if at_once:
        connection.execute(delete(signing_keys))
    else:
        connection.execute(
            update(signing_keys)
            .where(signing_keys.c.retires_at.is_(None))
            .values(retires_at=active_from + last_token_us)
        )
    public = key.public_key()
    kid = thumbprint(public)
    connection.execute(
        insert(signing_keys).values(
            kid=kid,
            public_pem=public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
            sealed_private=sealer.seal(key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()), kid),
            created_at=now,
            active_from=active_from,
        )
    )


def _ahead(settings: Settings) -> int:
    return min(PUBLISHED_AHEAD_S, settings.key_rotation_s // 2) * SECOND


def _public_jwk(public: Ed25519PublicKey) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": _base64url(public.public_bytes(Encoding.Raw, PublicFormat.Raw))}


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
