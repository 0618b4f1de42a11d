"""What a browser lets pages and extensions read of the relay, asked as browsers ask."""

import re
from typing import Any

import pytest
from aiohttp import ClientResponse
from paired_relay import Laptop, PairedRelay

EXTENSIONS = (f"chrome-extension://{'abcdefghijklmnop' * 2}", "moz-extension://0a1b2c3d-0000-4000-8000-00000000beef")
HOSTILE = (
    "https://evil.example",
    "null",
    "chrome-extension://short",
    f"chrome-extension://{'a' * 32}.evil.example",
    f"https://evil.example/{EXTENSIONS[0]}",
    "moz-extension://evil",
)
ALLOW = "Access-Control-Allow-Origin"


@pytest.fixture
def relay_settings() -> dict[str, Any]:
    return {"ai_local": False}


async def asked(relay: PairedRelay, path: str, origin: str, method: str = "POST", headers: str = "") -> ClientResponse:
    """A preflight."""
    sent = {"Origin": origin, "Access-Control-Request-Method": method}
    if headers:
        sent["Access-Control-Request-Headers"] = headers
    async with relay.session.options(relay.url + path, headers=sent) as answer:
        await answer.read()
        return answer


def rows(relay: PairedRelay) -> list[tuple[str, str]]:
    return [(route.method, re.sub(r"\{\w+\}", "x", route.path)) for route in relay.core.routes]


@pytest.mark.parametrize("origin", EXTENSIONS)
async def test_an_extension_may_ask_whatever_a_device_may(relay: PairedRelay, origin: str) -> None:
    paths = [row for row in rows(relay) if row[1].startswith(("/v1/", "/ai/"))]
    paths += [("POST", "/oauth/device_authorization"), ("POST", "/oauth/revoke")]
    assert len(paths) > 20
    for method, path in paths:
        answer = await asked(relay, path, origin, method, "authorization,content-type,last-event-id")
        assert (answer.status, answer.headers[ALLOW]) == (204, origin), path
        assert method in answer.headers["Access-Control-Allow-Methods"].split(", "), path
        assert "Origin" in answer.headers["Vary"]
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("origin", HOSTILE)
async def test_a_hostile_page_is_told_nothing(relay: PairedRelay, laptop: Laptop, origin: str) -> None:
    for method, path in rows(relay):
        if path.startswith(("/.well-known/", "/mcp", "/oauth/register", "/oauth/token")):
            continue
        answer = await asked(relay, path, origin, method)
        assert (answer.status, answer.headers.get(ALLOW)) == (403, None), path
    # Even a page that holds a token cannot read what it is for.
    headers = laptop.headers | {"Origin": origin}
    async with relay.session.get(f"{relay.url}/v1/devices", headers=headers) as answer:
        assert ALLOW not in answer.headers


async def test_any_page_may_come_as_a_client_of_the_mcp_door_without_credentials(relay: PairedRelay) -> None:
    headers = "authorization,content-type,mcp-protocol-version"
    for path in ("/mcp", "/oauth/register", "/oauth/token", "/.well-known/oauth-authorization-server"):
        method = "GET" if "well-known" in path else "POST"
        answer = await asked(relay, path, "https://client.example", method, headers)
        assert (answer.status, answer.headers[ALLOW]) == (204, "*"), path
        assert "Authorization" in answer.headers["Access-Control-Allow-Headers"].split(", ")
        assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_pages_that_people_see_are_read_by_no_other_origin(relay: PairedRelay) -> None:
    for origin in ("https://client.example", *EXTENSIONS):
        for path in ("/", "/privacy", "/oauth/authorize", "/metrics"):
            async with relay.session.get(relay.url + path, headers={"Origin": origin}) as answer:
                assert not [name for name in answer.headers if name.startswith("Access-Control-")], path
            assert (await asked(relay, path, origin, "GET")).status in (403, 404), path


async def test_errors_and_streams_can_be_read_too(relay: PairedRelay, laptop: Laptop) -> None:
    origin = {"Origin": EXTENSIONS[1]}
    async with relay.session.get(f"{relay.url}/v1/devices", headers=origin) as answer:
        assert (answer.status, answer.headers[ALLOW]) == (401, EXTENSIONS[1])
        assert "WWW-Authenticate" in answer.headers["Access-Control-Expose-Headers"]
    async with relay.session.get(f"{relay.url}/v1/nowhere", headers=origin) as answer:
        assert (answer.status, answer.headers[ALLOW]) == (404, EXTENSIONS[1])
    async with relay.session.get(f"{relay.url}/v1/stream", headers=laptop.headers | origin) as stream:
        assert (stream.status, stream.headers[ALLOW]) == (200, EXTENSIONS[1])
        assert b"event: hello" in await stream.content.readany()


async def test_an_extension_asks_the_ai_with_its_device_token(relay: PairedRelay) -> None:
    owner = await relay.pair()
    form = {"client_id": "deskbell-extension", "device_kind": "extension", "device_actions": "tab.open tab.list"}
    code = await relay.device_code("Browser", **form)
    _, approval = await owner.call("POST", "/v1/approvals/claim", {"user_code": code["user_code"]})
    await owner.call("POST", f"/v1/approvals/{approval['id']}/approve")
    status, tokens = await relay.poll(code["device_code"], "deskbell-extension")
    assert status == 200, tokens
    browser = relay.laptop(tokens)
    headers = browser.headers | {"Origin": EXTENSIONS[0]}
    async with relay.session.get(f"{relay.url}/ai/providers", headers=headers) as answer:
        assert (answer.status, answer.headers[ALLOW]) == (200, EXTENSIONS[0])
        assert "providers" in await answer.json()
    status, problem = await browser.call("POST", "/ai/runs", {"provider": "none", "prompt": "Hello"})
    assert (status, problem["code"]) == (422, "provider_not_configured")
    listed: dict[str, Any] = (await owner.call("GET", "/v1/devices"))[1]
    found = next(device for device in listed["devices"] if device["id"] == browser.device_id)
    assert (found["kind"], found["actions"]) == ("extension", ["tab.open", "tab.list"])


async def test_what_asks_for_nothing_is_no_preflight(relay: PairedRelay) -> None:
    async with relay.session.options(f"{relay.url}/v1/devices", headers={"Origin": EXTENSIONS[0]}) as answer:
        assert (answer.status, (await answer.json())["code"]) == (405, "method_not_allowed")
    assert (await asked(relay, "/v1/nowhere", EXTENSIONS[0])).status == 404
