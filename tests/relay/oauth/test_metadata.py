"""What clients read to find their way, and that it is true."""

from typing import Any

import pytest
from assistants import connect
from jwt import PyJWKSet, decode, get_unverified_header
from paired_relay import Laptop, PairedRelay

from deskbell_wire.actions import SCOPES

SERVER = "/.well-known/oauth-authorization-server"
RESOURCE = "/.well-known/oauth-protected-resource"
JWKS = "/.well-known/jwks.json"


async def document(relay: PairedRelay, path: str) -> dict[str, Any]:
    async with relay.session.get(relay.url + path) as answer:
        assert answer.status == 200
        assert answer.content_type == "application/json"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Cache-Control"] == "public, max-age=300"
        found: dict[str, Any] = await answer.json()
        return found


async def test_the_server_names_addresses_that_are_there(relay: PairedRelay) -> None:
    server = await document(relay, SERVER)
    assert server["issuer"] == relay.url
    addresses = [value for name, value in server.items() if name.endswith("_endpoint") or name == "jwks_uri"]
    assert len(addresses) == 6
    for address in addresses:
        async with relay.session.get(address, allow_redirects=False) as answer:
            assert answer.status != 404, address


async def test_the_server_promises_what_it_keeps(relay: PairedRelay) -> None:
    server = await document(relay, SERVER)
    assert server["response_types_supported"] == ["code"]
    assert server["code_challenge_methods_supported"] == ["S256"]
    assert server["authorization_response_iss_parameter_supported"] is True
    assert set(server["token_endpoint_auth_methods_supported"]) == {
        "client_secret_post",
        "client_secret_basic",
        "none",
        "private_key_jwt",
    }
    assert set(server["scopes_supported"]) == {*SCOPES, "offline_access"}
    for name in server["grant_types_supported"]:
        status, error = await relay.post("/oauth/token", form={"grant_type": name, "client_id": "deskbell-cli"})
        assert (status, error["error"]) != (400, "unsupported_grant_type")


@pytest.mark.parametrize(("path", "door"), [("", "mcp"), ("/mcp", "mcp"), ("/actions", "actions"), ("/v1", "v1")])
async def test_each_door_says_who_gives_tokens_for_it(relay: PairedRelay, path: str, door: str) -> None:
    resource = await document(relay, RESOURCE + path)
    assert resource["resource"] == f"{relay.url}/{door}"
    assert resource["authorization_servers"] == [relay.url]
    assert resource["bearer_methods_supported"] == ["header"]


async def test_there_is_no_other_door(relay: PairedRelay) -> None:
    async with relay.session.get(f"{relay.url}{RESOURCE}/elsewhere") as answer:
        assert answer.status == 404


async def test_anyone_can_check_a_token_with_the_published_keys(relay: PairedRelay, laptop: Laptop) -> None:
    published = PyJWKSet.from_dict(await document(relay, JWKS))
    for token, door in ((laptop.access_token, "v1"), ((await connect(laptop)).access_token, "actions")):
        key = published[get_unverified_header(token)["kid"]]
        claims = decode(token, key.key, algorithms=["EdDSA"], audience=f"{relay.url}/{door}", issuer=relay.url)
        assert claims["sub"] == laptop.account_id


async def test_no_private_part_is_published(relay: PairedRelay) -> None:
    for key in (await document(relay, JWKS))["keys"]:
        assert key.keys() == {"kty", "crv", "x", "kid", "use", "alg"}
