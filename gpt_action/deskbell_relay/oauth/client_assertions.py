"""`private_key_jwt`: a client proves who it is by a signed assertion, used once (RFC 7523, OpenID Connect Core section 9)."""

from collections.abc import Mapping
from typing import Any, Final

import jwt
from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from deskbell_relay.oauth.clients import Client
from deskbell_relay.oauth.errors import OAuthError
from deskbell_relay.oauth.secrets import digest
from deskbell_relay.oauth.tokens import LEEWAY_S, MOST_CHARACTERS
from deskbell_relay.store.engine import Store
from deskbell_relay.store.identity_tables import used_assertions
from deskbell_wire.clock import SECOND, now_us

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS: Final = ("ES256", "EdDSA", "PS256", "RS256")
LONGEST_S: Final = 600
"""How far ahead an assertion may expire: so long its `jti` is kept."""
MOST_JTI: Final = 200
_KEY_TYPES: Final = {"ES256": "EC", "EdDSA": "OKP", "PS256": "RSA", "RS256": "RSA"}
LEAST_RSA_BITS: Final = 2_048


def subject(assertion: str) -> str:
    """The client that an assertion claims to come from; nothing is checked yet. Raises OAuthError invalid_client."""
    if len(assertion) > MOST_CHARACTERS:
        raise refused("it is too long")
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except (jwt.InvalidTokenError, ValueError, TypeError, RecursionError):
        raise refused("it is no JWT") from None
    found = claims.get("sub")
    if not isinstance(found, str):
        raise refused("it names no client")
    return found


async def check(assertion: str, client: Client, issuer: str, store: Store) -> None:
    """That the client signed `assertion`, for this relay, just now, and that it was not here before.

    Raises OAuthError invalid_client.
    """
    claims = verified(assertion, client, issuer)
    key = digest(f"assertion:{client.id}:{claims['jti']}")
    expires_at = int(claims["exp"] + LEEWAY_S) * SECOND
    if not await store.write(lambda connection: _use(connection, key, expires_at)):
        raise refused("it was used before")


def verified(assertion: str, client: Client, issuer: str) -> dict[str, Any]:
    """The claims of an assertion that the client signed. Raises OAuthError invalid_client."""
    header = _header(assertion)
    for key in _keys(client.keys or {}, header):
        try:
            claims: dict[str, Any] = jwt.decode(
                assertion,
                key.key,
                algorithms=[header["alg"]],
                audience=[issuer, f"{issuer}/oauth/token"],
                issuer=client.id,
                subject=client.id,
                leeway=LEEWAY_S,
                options={"require": ["iss", "sub", "aud", "exp", "jti"]},
            )
        except jwt.InvalidSignatureError:
            continue
        except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError) as error:
            raise refused(f"{error}"[:200].rstrip(".").lower()) from None
        if type(claims["exp"]) is not int or claims["exp"] > now_us() // SECOND + LONGEST_S + LEEWAY_S:
            raise refused(f"it must expire within {LONGEST_S // 60} minutes")
        if not isinstance(claims["jti"], str) or not 0 < len(claims["jti"]) <= MOST_JTI:
            raise refused("its jti is no short text")
        return claims
    raise refused("no key of the client made its signature")


def _header(assertion: str) -> Mapping[str, Any]:
    if len(assertion) > MOST_CHARACTERS:
        raise refused("it is too long")
    try:
        header = jwt.get_unverified_header(assertion)
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise refused("it is no JWT") from None
    if header.get("alg") not in ALGORITHMS or "crit" in header or "b64" in header:
        raise refused(f"its algorithm must be one of {', '.join(ALGORITHMS)}")
    return header


def _keys(document: Mapping[str, Any], header: Mapping[str, Any]) -> list[jwt.PyJWK]:
    """The client's keys that fit the header: of its `kid` when it has one, and of the algorithm's kind."""
    found = []
    listed = document.get("keys")
    for each in listed if isinstance(listed, list) else []:
        if (
            not isinstance(each, dict)
            or each.get("kty") != _KEY_TYPES[header["alg"]]
            or each.get("use", "sig") != "sig"
        ):
            continue
        if "kid" in header and each.get("kid") != header["kid"]:
            continue
        try:
            key = jwt.PyJWK(each, algorithm=header["alg"])
        except (jwt.PyJWTError, ValueError, TypeError):  # a key of another curve, or none at all: not this one
            continue
        if getattr(key.key, "key_size", LEAST_RSA_BITS) >= LEAST_RSA_BITS or each["kty"] != "RSA":
            found.append(key)
    return found


def _use(connection: Connection, key: str, expires_at: int) -> bool:
    """Note that the assertion was used; False when it was before."""
    if connection.execute(select(used_assertions.c.hash).where(used_assertions.c.hash == key)).scalar() is not None:
        return False
    row = insert(used_assertions).values(hash=key, expires_at=expires_at).on_conflict_do_nothing()
    return connection.execute(row).rowcount == 1


def refused(why: str) -> OAuthError:
    """The answer to an assertion that proves nothing."""
    return OAuthError("invalid_client", f"The client assertion is refused: {why}.")


def purge(connection: Connection) -> int:
    """Forget assertions that have expired; how many went."""
    return connection.execute(delete(used_assertions).where(used_assertions.c.expires_at <= now_us())).rowcount
