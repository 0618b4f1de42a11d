"""Access tokens: JWTs after RFC 9068, made and checked to the letter."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt
import uuid_utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from deskbell_relay.oauth.keys import SigningKey
from deskbell_wire.clock import SECOND, now_us
from deskbell_wire.errors import Problem

ALGORITHM: Final = "EdDSA"
TYPE: Final = "at+jwt"
REQUIRED: Final = ("iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope")
LEEWAY_S: Final = 35
"""Clocks may differ by 30 s; the rest is the way here."""
MOST_CHARACTERS: Final = 4_096
MOST_SECONDS: Final = 2**40
"""JWT would allow 1.5e300, and Python True; a number of ours is a whole one, and not of three hundred digits."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a checked token says. One of `device_id` and `grant_id` is given."""

    account_id: str
    client_id: str
    scopes: frozenset[str]
    device_id: str | None
    grant_id: str | None
    expires_at: int
    """Microseconds since the epoch."""

    @property
    def credential(self) -> str:
        """The device or grant that it belongs to."""
        return self.device_id or self.grant_id or ""


def mint(
    key: SigningKey,
    *,
    issuer: str,
    audience: str,
    account_id: str,
    client_id: str,
    scopes: Iterable[str],
    lifetime_s: int,
    device_id: str | None = None,
    grant_id: str | None = None,
) -> str:
    """A signed token for the device or the grant."""
    now = now_us() // SECOND
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": account_id,
        "aud": audience,
        "exp": now + lifetime_s,
        "iat": now,
        "jti": str(uuid_utils.uuid7()),
        "client_id": client_id,
        "scope": " ".join(sorted(scopes)),
    }
    if device_id is not None:
        claims["device_id"] = device_id
    if grant_id is not None:
        claims["grant_id"] = grant_id
    return jwt.encode(claims, key.private, algorithm=ALGORITHM, headers={"typ": TYPE, "kid": key.kid})


def verify(token: str, verifier: Callable[[str], Ed25519PublicKey | None], *, issuer: str, audience: str) -> Claims:
    """The claims of a token that is ours, for `audience`, and in force. Keys named in its header are ignored.

    Raises Problem invalid_token, expired_token; UnknownKeyError when `verifier` has no such key.
    """
    public = verifier(key_id(token))
    if public is None:
        raise UnknownKeyError
    try:
        claims = jwt.decode(
            token,
            public,
            algorithms=[ALGORITHM],
            audience=audience,
            issuer=issuer,
            leeway=LEEWAY_S,
            options={"require": list(REQUIRED), "strict_aud": True},
        )
    except jwt.ExpiredSignatureError:
        raise Problem("expired_token", "The access token has expired.") from None
    except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError):
        raise unacceptable() from None
    return _claims(claims)


def key_id(token: str) -> str:
    """The `kid` of a token whose header is one of ours. Raises Problem invalid_token."""
    if not 0 < len(token) <= MOST_CHARACTERS or not token.isascii():
        raise unacceptable()
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise unacceptable() from None
    kid = header.get("kid")
    if (
        header.get("alg") != ALGORITHM
        or header.get("typ") != TYPE
        or not isinstance(kid, str)
        or "crit" in header
        or "b64" in header
    ):
        raise unacceptable()
    return kid


class UnknownKeyError(Exception):
    """No key of that name is known here: it may be another process's new one."""


def unacceptable() -> Problem:
    """The one answer to every token that is not ours: it does not say which check failed."""
    return Problem("invalid_token", "The access token is not one that this address accepts.")


def _claims(claims: Mapping[str, Any]) -> Claims:
    texts = [claims[name] for name in ("sub", "client_id", "scope", "jti")]
    device_id, grant_id = claims.get("device_id"), claims.get("grant_id")
    holders = [holder for holder in (device_id, grant_id) if holder is not None]
    if len(holders) != 1 or not all(isinstance(text, str) for text in [*texts, *holders]):
        raise unacceptable()
    if not all(type(claims[name]) is int and claims[name] < MOST_SECONDS for name in ("exp", "iat")):
        raise unacceptable()
    account_id, client_id, scope, _ = texts
    return Claims(account_id, client_id, frozenset(scope.split()), device_id, grant_id, claims["exp"] * SECOND)
