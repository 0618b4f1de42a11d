"""Access tokens made by hand, for the tests: the right claims, the right key, and whatever is to be wrong with them."""

import base64
import json
import time
from typing import Any

import jwt
import uuid_utils
from paired_relay import Laptop, PairedRelay

from deskbell_relay.oauth.keys import Keys

MISSING = object()


def keys_of(relay: PairedRelay) -> Keys:
    """The keys that the running relay signs with."""
    return relay.core.identity._keys


def claims_for(laptop: Laptop, **changes: Any) -> dict[str, Any]:
    """A device's claims in force; a change to MISSING leaves one out."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": laptop.relay.url,
        "sub": laptop.account_id,
        "aud": f"{laptop.relay.url}/v1",
        "exp": now + 900,
        "iat": now,
        "jti": str(uuid_utils.uuid7()),
        "client_id": "deskbell-daemon",
        "scope": "",
        "device_id": laptop.device_id,
    }
    return {name: value for name, value in (claims | changes).items() if value is not MISSING}


def token_for(laptop: Laptop, header: dict[str, Any] | None = None, key: Any = None, **changes: Any) -> str:
    """A token of those claims, signed with the relay's own key unless `key` is given."""
    signer = keys_of(laptop.relay).signer()
    headers = {"typ": "at+jwt", "kid": signer.kid} | (header or {})
    return jwt.encode(
        claims_for(laptop, **changes),
        signer.private if key is None else key,
        algorithm="EdDSA",
        headers={name: value for name, value in headers.items() if value is not MISSING},
    )


def handmade(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    """A token that no library would make."""
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def signed_by_hand(laptop: Laptop, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A token that no library would make, under the relay's own signature."""
    signer = keys_of(laptop.relay).signer()
    whole = {"typ": "at+jwt", "alg": "EdDSA", "kid": signer.kid} | header
    signed = handmade({name: value for name, value in whole.items() if value is not MISSING}, claims).rpartition(".")[0]
    signature = base64.urlsafe_b64encode(signer.private.sign(signed.encode())).rstrip(b"=").decode()
    return f"{signed}.{signature}"


async def status_of(laptop: Laptop, token: str, path: str = "/v1/devices") -> tuple[int, str, str]:
    """What the relay says to a token: status, code of the problem, challenge."""
    address, headers = laptop.relay.url + path, {"Authorization": f"Bearer {token}"}
    async with laptop.relay.session.get(address, headers=headers) as answer:
        document = await answer.json()
        return answer.status, document.get("code", ""), answer.headers.get("WWW-Authenticate", "")
