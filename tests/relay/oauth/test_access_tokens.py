"""Access tokens: one door each, checked to the letter, worthless when forged."""

import hashlib
import hmac
import time
from typing import Any

import jwt
import pytest
from assistants import connect
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from forged_tokens import MISSING, claims_for, handmade, keys_of, signed_by_hand, status_of, token_for
from paired_relay import Laptop, PairedRelay

from deskbell_relay.oauth.keys import SigningKey


async def test_a_token_is_what_rfc_9068_says(relay: PairedRelay, laptop: Laptop) -> None:
    assistant = await connect(laptop, scope="notes:read")
    header = jwt.get_unverified_header(assistant.access_token)
    assert header == {"typ": "at+jwt", "alg": "EdDSA", "kid": keys_of(relay).signer().kid}
    claims = jwt.decode(assistant.access_token, options={"verify_signature": False})
    assert claims["aud"] == f"{relay.url}/actions"
    assert claims["exp"] - claims["iat"] == 900
    assert (claims["sub"], claims["scope"], claims["iss"]) == (laptop.account_id, "notes:read", relay.url)
    assert claims["grant_id"].startswith("gra_")
    assert "device_id" not in claims


async def test_the_handmade_token_of_these_tests_is_accepted(laptop: Laptop) -> None:
    assert (await status_of(laptop, token_for(laptop)))[0] == 200


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "device_id"])
async def test_no_claim_may_be_missing(laptop: Laptop, name: str) -> None:
    status, code, challenge = await status_of(laptop, token_for(laptop, **{name: MISSING}))
    assert (status, code) == (401, "invalid_token")
    assert 'error="invalid_token"' in challenge


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "device_id"])
async def test_a_claim_of_another_type_gets_nobody_in_and_breaks_nothing(laptop: Laptop, name: str) -> None:
    for value in (None, 1.5e300, 1.5, [], {}, True, 10**400):
        token = signed_by_hand(laptop, {}, claims_for(laptop) | {name: value})
        status, code, _ = await status_of(laptop, token)
        assert (status, code) in ((401, "invalid_token"), (401, "expired_token")), value


@pytest.mark.parametrize("audience", ["{}/actions", "{}/mcp", "{}/v1/", "{}", "https://elsewhere.example/v1", ""])
async def test_a_token_of_another_door_is_refused(laptop: Laptop, audience: str) -> None:
    token = token_for(laptop, aud=audience.format(laptop.relay.url))
    assert (await status_of(laptop, token))[:2] == (401, "invalid_token")


async def test_a_list_of_audiences_is_refused(laptop: Laptop) -> None:
    token = token_for(laptop, aud=[f"{laptop.relay.url}/v1"])
    assert (await status_of(laptop, token))[:2] == (401, "invalid_token")


async def test_neither_doors_token_opens_the_other(relay: PairedRelay, laptop: Laptop) -> None:
    assistant = await connect(laptop)
    assert (await status_of(laptop, assistant.access_token))[:2] == (401, "invalid_token")
    assistant.access_token = laptop.access_token
    assert await assistant.act() == 401


async def test_a_door_of_the_right_audience_still_asks_for_the_right_holder(laptop: Laptop) -> None:
    token = token_for(laptop, device_id=MISSING, grant_id="gra_1")
    assert (await status_of(laptop, token))[:2] == (401, "invalid_token")
    token = token_for(laptop, grant_id="gra_1")
    assert (await status_of(laptop, token))[:2] == (401, "invalid_token")


@pytest.mark.parametrize("typ", [MISSING, "JWT", "jwt", "AT+JWT", "at+jwt ", "id_token", 1])
async def test_another_type_is_refused(laptop: Laptop, typ: object) -> None:
    token = signed_by_hand(laptop, {"typ": typ}, claims_for(laptop))
    assert (await status_of(laptop, token))[:2] == (401, "invalid_token")


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", "HS256", "HS512", "RS256", "ES256"])
async def test_no_other_algorithm_is_believed(laptop: Laptop, algorithm: str) -> None:
    signer = keys_of(laptop.relay).signer()
    header = {"alg": algorithm, "typ": "at+jwt", "kid": signer.kid}
    signed = handmade(header, claims_for(laptop)).rpartition(".")[0]
    public = signer.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    confused = hmac.new(public, signed.encode(), hashlib.sha256).digest()
    for signature in (b"", confused, signer.private.sign(signed.encode())):
        token = f"{signed}.{handmade({}, {}, signature).rpartition('.')[2]}"
        assert (await status_of(laptop, token))[:2] == (401, "invalid_token")


async def test_another_key_under_our_kid_is_refused(laptop: Laptop) -> None:
    token = token_for(laptop, key=Ed25519PrivateKey.generate())
    assert (await status_of(laptop, token))[:2] == (401, "invalid_token")


@pytest.mark.parametrize("kid", [MISSING, "", "../../dev/null", "' OR 1=1 --", "x" * 2_000, "\x00"])
async def test_a_hostile_kid_is_refused(laptop: Laptop, kid: object) -> None:
    token = token_for(laptop, header={"kid": kid})
    assert (await status_of(laptop, token))[:2] == (401, "invalid_token")


@pytest.mark.parametrize("kid", [1, None, ["a"], {"a": 1}])
async def test_a_kid_that_is_no_text_is_refused(laptop: Laptop, kid: object) -> None:
    token = handmade({"alg": "EdDSA", "typ": "at+jwt", "kid": kid}, claims_for(laptop), b"x" * 64)
    assert (await status_of(laptop, token))[:2] == (401, "invalid_token")


async def test_keys_that_a_token_brings_along_are_ignored(laptop: Laptop) -> None:
    mine = Ed25519PrivateKey.generate()
    theirs = keys_of(laptop.relay).signer()
    jwk = SigningKey("mine", mine, mine.public_key(), 0, None).jwk()
    offers: list[dict[str, Any]] = [
        {"jwk": jwk},
        {"jku": "https://evil.example/jwks.json"},
        {"x5u": "https://evil.example/x.pem"},
    ]
    for offer in offers:
        for kid in ("mine", theirs.kid):
            token = token_for(laptop, header=offer | {"kid": kid}, key=mine)
            assert (await status_of(laptop, token))[:2] == (401, "invalid_token")
        assert (await status_of(laptop, token_for(laptop, header=offer)))[0] == 200


async def test_a_header_that_must_be_understood_is_not(laptop: Laptop) -> None:
    token = token_for(laptop, header={"crit": ["exp"], "exp": 1})
    assert (await status_of(laptop, token))[:2] == (401, "invalid_token")


@pytest.mark.parametrize("skew", [-30, 30])
async def test_clocks_may_differ_by_thirty_seconds(laptop: Laptop, skew: int) -> None:
    now = int(time.time()) + skew
    assert (await status_of(laptop, token_for(laptop, iat=now, exp=now + 900)))[0] == 200
    assert (await status_of(laptop, token_for(laptop, exp=int(time.time()) - abs(skew))))[0] == 200


async def test_clocks_may_not_differ_by_a_minute(laptop: Laptop) -> None:
    now = int(time.time())
    assert (await status_of(laptop, token_for(laptop, exp=now - 61)))[:2] == (401, "expired_token")
    assert (await status_of(laptop, token_for(laptop, iat=now + 61)))[:2] == (401, "invalid_token")
    assert (await status_of(laptop, token_for(laptop, nbf=now + 61)))[:2] == (401, "invalid_token")


@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c", "...", "é.é.é", "x" * 8_000, "e30.e30.", "bnVsbA.e30.x"])
async def test_garbage_is_refused(laptop: Laptop, token: str) -> None:
    status, code, challenge = await status_of(laptop, token)
    assert (status, code) == (401, "invalid_token" if token else "missing_token")
    assert challenge.startswith("Bearer ")


async def test_the_challenge_names_the_door_and_no_error_when_nothing_was_sent(
    relay: PairedRelay, laptop: Laptop
) -> None:
    well_known = f"{relay.url}/.well-known/oauth-protected-resource"
    assert (await status_of(laptop, ""))[2] == f'Bearer resource_metadata="{well_known}/v1"'
    async with relay.session.post(f"{relay.url}/actions/listDevices", json={}) as answer:
        assert answer.headers["WWW-Authenticate"] == f'Bearer resource_metadata="{well_known}/actions"'


async def test_a_token_in_the_address_is_refused(relay: PairedRelay, laptop: Laptop) -> None:
    async with relay.session.get(f"{relay.url}/v1/devices?access_token={laptop.access_token}") as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, "malformed_request")


async def test_another_accounts_device_in_a_token_is_nobodys(relay: PairedRelay, laptop: Laptop) -> None:
    other = await relay.pair()
    token = token_for(laptop, device_id=other.device_id)
    assert (await status_of(laptop, token))[:2] == (401, "revoked_token")
