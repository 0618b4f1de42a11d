"""Clients hear that the list of tools has changed: their account's, and no other's."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from assistants import Assistant
from mcp_door import MODERN, plugged_in, sdk_client
from paired_relay import PairedRelay

from deskbell_relay.channel.bus import RosterChanged
from deskbell_wire.event import Decoder


class Reader:
    """A client's GET stream."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.raw = b""
        self._decoder = Decoder()
        self._ready: list[Any] = []

    async def event(self) -> str:
        """The next event's data; empty at the end."""
        async with asyncio.timeout(10):
            while not self._ready:
                chunk = await self.response.content.readany()
                if not chunk:
                    return ""
                self.raw += chunk
                self._ready += self._decoder.feed(chunk)
        return str(self._ready.pop(0).data)


@contextlib.asynccontextmanager
async def listening(assistant: Assistant) -> AsyncIterator[Reader]:
    headers = {"Authorization": f"Bearer {assistant.access_token}", "Accept": "text/event-stream"}
    async with assistant.relay.session.get(f"{assistant.relay.url}/mcp", headers=headers) as response:
        yield Reader(response)


async def account_of(relay: PairedRelay, assistant: Assistant) -> str:
    who = await relay.core.identity.authenticator.authenticate(assistant.access_token, "mcp")
    return who.account_id


async def test_a_client_of_2025_hears_it_on_its_stream_and_only_of_its_own_account(
    relay: PairedRelay, assistant: Assistant
) -> None:
    stranger = await plugged_in(await relay.pair(name="Other"))
    async with listening(assistant) as mine, listening(stranger) as other:
        assert mine.response.status == 200
        relay.core.bus.publish(RosterChanged(await account_of(relay, assistant)))
        assert "notifications/tools/list_changed" in await mine.event()
        relay.core.bus.publish(RosterChanged(await account_of(relay, stranger)))
        await other.event()
        assert other.raw.count(b"list_changed") == 1


async def test_a_client_of_2026_hears_it_where_it_listens(relay: PairedRelay, assistant: Assistant) -> None:
    stranger = await plugged_in(await relay.pair(name="Other"))
    async with (
        sdk_client(assistant, MODERN) as client,
        sdk_client(stranger, MODERN) as other,
        client.listen(tools_list_changed=True) as changes,
        other.listen(tools_list_changed=True) as others,
    ):
        relay.core.bus.publish(RosterChanged(await account_of(relay, assistant)))
        async with asyncio.timeout(10):
            assert type(await anext(aiter(changes))).__name__ == "ToolsListChanged"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await anext(aiter(others))


async def test_a_beat_keeps_the_stream_alive(relay: PairedRelay, assistant: Assistant) -> None:
    async with listening(assistant) as stream:
        for _ in range(2):
            async with asyncio.timeout(10):
                assert await stream.response.content.readany() == b": ping\n\n"
            await relay.core.heartbeat()


async def test_the_streams_of_a_revoked_grant_end(relay: PairedRelay, assistant: Assistant) -> None:
    who = await relay.core.identity.authenticator.authenticate(assistant.access_token, "mcp")
    async with listening(assistant) as stream:
        relay.core.revoke(who.credential)
        assert await stream.event() == ""


async def test_a_relay_that_stops_ends_them_all(relay: PairedRelay, assistant: Assistant) -> None:
    async with listening(assistant) as stream, sdk_client(assistant, MODERN) as client:
        async with client.listen(tools_list_changed=True) as changes:
            await relay.core.drain()
            assert await stream.event() == ""
            async with asyncio.timeout(10):
                assert [event async for event in changes] == []


async def test_a_grant_holds_so_many_streams_and_no_more(relay: PairedRelay, assistant: Assistant) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(10):
            assert (await stack.enter_async_context(listening(assistant))).response.status == 200
        async with listening(assistant) as refused:
            assert refused.response.status == 429
            assert (await refused.response.json())["code"] == "too_many_streams"
    async with asyncio.timeout(10):
        while relay.core.changes._held:
            await asyncio.sleep(0.01)
    async with listening(assistant) as again:
        assert again.response.status == 200
