"""`private_key_jwt`: a documented client that signs, and everything that is no proof."""

import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from document_server import DocumentServer
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from paired_relay import Laptop, PairedRelay
from registered_clients import mcp_code, mcp_redeem
from sqlalchemy import func, select, update

from deskbell_relay.oauth import client_assertions
from deskbell_relay.store.identity_tables import used_assertions

CALLBACK = "https://client.example/callback"
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EC = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
WEAK = rsa.generate_private_key(public_exponent=65537, key_size=1024)
ED = ed25519.Ed25519PrivateKey.generate()
KEYS: dict[str, Any] = {"ES256": EC, "RS256": RSA, "PS256": RSA, "EdDSA": ED}


def public(key: Any, **more: str) -> dict[str, Any]:
    kind = {ec.EllipticCurvePrivateKey: ECAlgorithm, rsa.RSAPrivateKey: RSAAlgorithm}
    algorithm = next((each for base, each in kind.items() if isinstance(key, base)), OKPAlgorithm)
    return dict(algorithm.to_jwk(key.public_key(), as_dict=True)) | more


@pytest.fixture
async def server(tmp_path: Path, relay: PairedRelay) -> AsyncIterator[DocumentServer]:
    """A server of documents that the relay may reach."""
    server = await DocumentServer(tmp_path).start()
    relay.core.identity.documents.fetcher = server.fetcher()
    yield server
    await server.stop()


@pytest.fixture
def client_id(server: DocumentServer) -> str:
    """A client with a key of each kind in its document."""
    keys = [public(EC, kid="e"), public(RSA, kid="r"), public(ED, kid="d"), public(WEAK, kid="w"), {"kty": "EC"}]
    return server.put(redirect_uris=[CALLBACK], token_endpoint_auth_method="private_key_jwt", jwks={"keys": keys})


def signed(relay: PairedRelay, client_id: str, key: Any = EC, algorithm: str = "ES256", **changes: Any) -> str:
    """A good assertion with `changes` to its claims (None leaves one out) and, as `header`, to its header."""
    header = changes.pop("header", {})
    now = int(time.time())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": relay.url,
        "iat": now,
        "exp": now + 60,
        "jti": str(uuid.uuid4()),
    } | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, key, algorithm=algorithm, headers=header)


async def revoke(relay: PairedRelay, assertion: str, **changes: str) -> tuple[int, Any]:
    """The simplest request by which a client shows who it is."""
    form = {"token": "x", "client_assertion": assertion, "client_assertion_type": TYPE} | changes
    async with relay.session.post(f"{relay.url}/oauth/revoke", data=form) as answer:
        return answer.status, (await answer.json() if answer.status != 200 else None)


async def test_it_comes_all_the_way(relay: PairedRelay, laptop: Laptop, client_id: str) -> None:
    code = await mcp_code(laptop, client_id, CALLBACK)
    proof = {"client_assertion": signed(relay, client_id), "client_assertion_type": TYPE}
    status, tokens = await mcp_redeem(relay, code, client_id, redirect_uri=CALLBACK, **proof)
    assert status == 200, tokens


async def test_without_a_proof_it_is_nobody(relay: PairedRelay, laptop: Laptop, client_id: str) -> None:
    code = await mcp_code(laptop, client_id, CALLBACK)
    status, error = await mcp_redeem(relay, code, client_id, redirect_uri=CALLBACK)
    assert (status, error["error"]) == (401, "invalid_client")
    status, _ = await mcp_redeem(relay, code, client_id, redirect_uri=CALLBACK, client_secret="guess")
    assert status == 401


@pytest.mark.parametrize("algorithm", client_assertions.ALGORITHMS)
@pytest.mark.parametrize("door", ["", "/oauth/token"])
async def test_each_algorithm_and_both_audiences_do(
    relay: PairedRelay, client_id: str, algorithm: str, door: str
) -> None:
    assertion = signed(relay, client_id, KEYS[algorithm], algorithm, aud=relay.url + door)
    assert (await revoke(relay, assertion))[0] == 200


async def test_a_key_set_at_an_address_of_its_own_does_as_well(relay: PairedRelay, server: DocumentServer) -> None:
    server.put_json({"keys": [public(EC)]}, "/keys.json")
    client_id = server.put(token_endpoint_auth_method="private_key_jwt", jwks_uri=server.url("/keys.json"))
    assert (await revoke(relay, signed(relay, client_id)))[0] == 200
    assert server.hits == ["/client.json", "/keys.json"]


async def test_an_assertion_works_once(relay: PairedRelay, client_id: str) -> None:
    assertion = signed(relay, client_id)
    assert (await revoke(relay, assertion))[0] == 200
    status, error = await revoke(relay, assertion)
    assert (status, error["error"]) == (401, "invalid_client")
    assert "used before" in error["error_description"]


async def test_used_assertions_are_forgotten_when_they_have_expired(relay: PairedRelay, client_id: str) -> None:
    await revoke(relay, signed(relay, client_id))
    store = relay.core.store
    await store.write(client_assertions.purge)
    count = select(func.count()).select_from(used_assertions)
    assert await store.read(lambda connection: connection.execute(count).scalar_one()) == 1
    await store.write(lambda connection: connection.execute(update(used_assertions).values(expires_at=1)).rowcount)
    assert await store.write(client_assertions.purge) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://client.example/other"},
        {"sub": "https://client.example/other"},
        {"aud": "https://other.example"},
        {"aud": None},
        {"exp": None},
        {"exp": 1},
        {"exp": 2_000_000_000_000},
        {"exp": "soon"},
        {"jti": None},
        {"jti": ""},
        {"jti": "x" * 201},
        {"jti": 7},
        {"iss": None},
        {"sub": None},
        {"nbf": 2_000_000_000_000},
        {"header": {"kid": "nobody"}},
        {"header": {"crit": ["x"]}},
    ],
)
async def test_what_is_no_proof_is_refused_with_its_reason(
    relay: PairedRelay, client_id: str, changes: dict[str, Any]
) -> None:
    status, error = await revoke(relay, signed(relay, client_id, **changes), client_id=client_id)
    assert (status, error["error"]) == (401, "invalid_client")
    assert error["error_description"].startswith("The client assertion is refused: ")


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits")
async def test_another_key_or_a_weak_one_proves_nothing(relay: PairedRelay, client_id: str) -> None:
    assert (await revoke(relay, signed(relay, client_id, OTHER)))[0] == 401
    assert (await revoke(relay, signed(relay, client_id, WEAK, "RS256", header={"kid": "w"})))[0] == 401


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES384"])
async def test_no_other_algorithm_is_believed(relay: PairedRelay, client_id: str, algorithm: str) -> None:
    key = {"none": None, "HS256": "x" * 64, "ES384": ec.generate_private_key(ec.SECP384R1())}[algorithm]
    assert (await revoke(relay, signed(relay, client_id, key, algorithm)))[0] == 401


@pytest.mark.parametrize("assertion", ["", "x", "a.b.c", "x" * 5_000, "\u00e9.\u00e9.\u00e9"])
async def test_what_is_no_jwt_is_refused(relay: PairedRelay, client_id: str, assertion: str) -> None:
    assert (await revoke(relay, assertion, client_id=client_id))[0] == 401
    assert (await revoke(relay, assertion))[0] == 401


async def test_a_client_without_keys_cannot_sign(relay: PairedRelay, server: DocumentServer) -> None:
    client_id = server.put()
    assert (await revoke(relay, signed(relay, client_id)))[0] == 401
    assert (await revoke(relay, signed(relay, "gpt-1")))[0] == 401


async def test_two_proofs_at_once_and_an_unknown_type_are_invalid_requests(relay: PairedRelay, client_id: str) -> None:
    status, error = await revoke(relay, signed(relay, client_id), client_secret="s")
    assert (status, error["error"]) == (400, "invalid_request")
    status, error = await revoke(relay, signed(relay, client_id), client_assertion_type="urn:x")
    assert (status, error["error"]) == (400, "invalid_request")
