"""Viewers whose connections break, and a relay that is killed: the real model's answer arrives whole, or its end is told."""

import asyncio
import contextlib
import json
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientConnectionError, ClientPayloadError, ClientSession
from paced_provider import PacedProvider, typing
from run_rooms import RunRooms, text_of

from deskbell_daemon.cli.processes import relay_child
from deskbell_relay.ai.upstream import Upstream
from deskbell_wire.event import Decoder, ServerSentEvent

VIEWERS = 20
CUTS = 25


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_twenty_viewers_of_the_real_model_each_cut_twenty_five_times_read_one_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    asked = Upstream.stream

    async def counted(self: Upstream, *words: Any) -> Any:
        calls.append(self._configured.name)
        return await asked(self, *words)

    monkeypatch.setattr(Upstream, "stream", counted)
    patience = {"ai_first_token_s": 120, "ai_stall_s": 60, "ai_tokens_per_day": 10**9}
    async with RunRooms(tmp_path, ai_local=True, **patience) as rooms:
        run_id = await rooms.begin("Tell me a long story about the sea, the wind, and an old boat.", provider="local")
        # So that all of them begin while it comes.
        await rooms.read(run_id, most=2, patience_s=150)

        async def torn(seed: int) -> list[ServerSentEvent]:
            dice, seen = random.Random(seed), list[ServerSentEvent]()
            for cut in range(CUTS + 1):
                most = dice.randint(1, 4) if cut < CUTS else 10**9
                seen += await rooms.read(run_id, seen[-1].last_event_id if seen else "", most=most, patience_s=250)
            return seen

        views = await asyncio.gather(*map(torn, range(VIEWERS)))
        kept = (await rooms.info(run_id))["text"]
        assert len(kept) > 300, "long enough to be cut in"
        for seen in views:
            assert text_of(seen) == kept
            assert [event.event for event in seen] == ["run"] + ["token"] * (len(seen) - 2) + ["end"]
            numbers = [int(event.last_event_id.rpartition("-")[2]) for event in seen]
            assert numbers == list(range(len(seen))), "no gap, no repeat"
            assert json.loads(seen[-1].data)["status"] == "done"
        assert len(views[0]) > CUTS * 4
        assert calls == ["local"], "one upstream call for all of them"


@pytest.mark.slow
async def test_a_relay_that_is_killed_leaves_no_viewer_in_silence(tmp_path: Path) -> None:
    provider = await PacedProvider(typing).start()
    relay = relay_child(
        tmp_path,
        DESKBELL_PORT=str(free_port()),  # the same after its death: its tokens name its address
        DESKBELL_REGISTRATION="open",
        DESKBELL_AI_COMPATIBLE_URL=provider.url,
        DESKBELL_AI_COMPATIBLE_MODEL="mock",
        DESKBELL_AI_LOCAL="false",
    )
    async with stopping(relay.stop, provider.stop), ClientSession() as session:
        url = (await relay.start())["url"]
        device = {"name": "Laptop", "kind": "daemon", "actions": ["note.create"]}
        async with session.post(f"{url}/v1/pair", json={"device": device}) as answer:
            paired = await answer.json()
            assert answer.status == 201, paired
        headers = {"Authorization": f"Bearer {paired['access_token']}"}
        wanted = {"provider": "compatible", "prompt": "Count"}
        async with session.post(f"{url}/ai/runs", json=wanted, headers=headers) as answer:
            path = (await answer.json())["stream"]

        async def follow(seen: list[ServerSentEvent]) -> int:
            """Read from where `seen` ends until the stream breaks or ends; the answer's status."""
            cursor = {"Last-Event-ID": seen[-1].last_event_id} if seen else {}
            decoder = Decoder()
            try:
                async with session.get(url + path, headers=headers | cursor) as stream:
                    async for chunk in stream.content.iter_any():
                        seen += [event for event in decoder.feed(chunk) if event.event != "ping"]
                    return stream.status
            except (ClientConnectionError, ClientPayloadError):
                return 0

        views: list[list[ServerSentEvent]] = [[] for _ in range(VIEWERS)]
        reading = asyncio.gather(*map(follow, views))
        async with asyncio.timeout(30):
            while min(map(len, views)) < 150:
                await asyncio.sleep(0.05)
        await relay.kill()
        await reading
        url = (await relay.start())["url"]
        assert await asyncio.gather(*map(follow, views)) == [200] * VIEWERS
        for seen in views:
            assert [event.event for event in seen[-2:]] == ["token", "end"]
            end = json.loads(seen[-1].data)
            assert (end["status"], end["code"]) == ("error", "run_interrupted")
            assert end["message"].endswith(".")
        assert await asyncio.gather(*map(follow, views)) == [204] * VIEWERS, "so an EventSource stays away"
        newcomer: list[ServerSentEvent] = []
        await follow(newcomer)
        assert newcomer[-1].event == "end"
        async with session.get(url + path.removesuffix("/stream"), headers=headers) as answer:
            kept = (await answer.json())["text"]
        seen_text = text_of(views[0])
        assert kept
        assert seen_text.startswith(kept[: len(seen_text)])
        assert len(seen_text.split()) - len(kept.split()) < 250, "a killed relay loses about a second"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def stopping(*stops: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Call these at the end, whatever it is."""
    try:
        yield
    finally:
        for stop in stops:
            await stop()
