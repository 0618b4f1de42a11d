"""Revoking: by the client (RFC 7009) and by the account; what is remembered is forgotten at once."""

import asyncio

import pytest
from aiohttp import ClientTimeout
from assistants import CREDENTIALS, connect
from forged_tokens import status_of
from paired_relay import Laptop, PairedRelay


async def revoke(relay: PairedRelay, **form: str) -> int:
    async with relay.session.post(f"{relay.url}/oauth/revoke", data=form) as answer:
        await answer.read()
        return answer.status


@pytest.mark.parametrize("which", ["refresh_token", "access_token"])
async def test_an_assistant_that_gives_back_a_token_is_out(relay: PairedRelay, laptop: Laptop, which: str) -> None:
    assistant = await connect(laptop)
    assert await assistant.act() == 200
    token = getattr(assistant, which)
    assert await revoke(relay, token=token, token_type_hint=which, **CREDENTIALS) == 200
    assert await assistant.act() == 401
    assert (await assistant.refresh())[1]["error"] == "invalid_grant"
    assert (await laptop.call("GET", "/v1/grants"))[1]["grants"] == []
    assert await revoke(relay, token=token, **CREDENTIALS) == 200, "once more is no error"


async def test_an_unknown_token_is_no_error(relay: PairedRelay) -> None:
    for token in ("nonsense", "a.b.c", "\x00", "x" * 10_000):
        assert await revoke(relay, token=token, **CREDENTIALS) == 200


async def test_another_clients_token_stays(relay: PairedRelay, laptop: Laptop) -> None:
    assistant = await connect(laptop)
    for token in (assistant.access_token, assistant.refresh_token, laptop.access_token, laptop.refresh_token):
        assert await revoke(relay, token=token, client_id="deskbell-cli") == 200
    assert await assistant.act() == 200
    assert (await laptop.call("GET", "/v1/devices"))[0] == 200


async def test_without_a_token_or_a_client_nothing_is_revoked(relay: PairedRelay, laptop: Laptop) -> None:
    assert await revoke(relay, **CREDENTIALS) == 400
    assert await revoke(relay, token=laptop.refresh_token) == 401
    assert await revoke(relay, token=laptop.refresh_token, **CREDENTIALS | {"client_secret": "wrong"}) == 401


async def test_a_device_that_gives_back_its_token_loses_its_stream_at_once(relay: PairedRelay, laptop: Laptop) -> None:
    timeout = ClientTimeout(total=10)
    async with relay.session.get(f"{relay.url}/v1/stream", headers=laptop.headers, timeout=timeout) as stream:
        await stream.content.readuntil(b"\n\n")
        assert await revoke(relay, token=laptop.refresh_token, client_id="deskbell-daemon") == 200
        async with asyncio.timeout(5):
            await stream.content.read()
    status, code, challenge = await status_of(laptop, laptop.access_token)
    assert (status, code) == (401, "revoked_token")
    assert 'error="invalid_token"' in challenge


async def test_a_grant_that_the_laptop_revokes_is_out_at_once(laptop: Laptop) -> None:
    assistant = await connect(laptop)
    assert await assistant.act() == 200
    [grant] = (await laptop.call("GET", "/v1/grants"))[1]["grants"]
    assert (await laptop.call("DELETE", f"/v1/grants/{grant['id']}"))[0] == 204
    assert await assistant.act() == 401
    assert (await assistant.refresh())[1]["error"] == "invalid_grant"
