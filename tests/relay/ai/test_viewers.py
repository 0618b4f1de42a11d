"""Many viewers of one run: one upstream call, the same bytes for each of them, and nobody slows the others."""

import asyncio
import json
import random
from pathlib import Path

from aiohttp import ClientTimeout
from paced_provider import Exchange, delta, saying
from run_rooms import RunRooms, text_of

from deskbell_wire.event import Decoder

WORDS = [f"{number}, " for number in range(60)]


async def test_a_hundred_viewers_see_one_run_of_one_upstream_call(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying(*WORDS, pause_s=0.005)) as rooms:
        run_id = await rooms.begin()

        async def late(number: int) -> str:
            await asyncio.sleep(number * 0.003)  # some come before the first token, some in the middle, some at the end
            return text_of(await rooms.read(run_id))

        texts = await asyncio.gather(*map(late, range(100)))
        assert set(texts) == {"".join(WORDS)}
        assert len(rooms.provider.calls) == 1
        async with asyncio.timeout(5):
            while rooms.relay.core.runs.live(rooms.laptop.account_id, run_id).viewers:  # type: ignore[union-attr]
                await asyncio.sleep(0.01)


async def test_viewers_that_are_cut_again_and_again_miss_nothing_and_see_nothing_twice(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying(*WORDS, pause_s=0.005)) as rooms:
        run_id = await rooms.begin()

        async def torn(seed: int) -> tuple[str, list[str]]:
            dice, seen = random.Random(seed), []
            while not seen or seen[-1].event != "end":
                seen += await rooms.read(run_id, seen[-1].last_event_id if seen else "", most=dice.randint(1, 9))
            return text_of(seen), [event.last_event_id.rpartition("-")[2] for event in seen]

        for text, numbers in await asyncio.gather(*map(torn, range(10))):
            assert text == "".join(WORDS)
            assert numbers == [str(number) for number in range(len(WORDS) + 2)]
        assert len(rooms.provider.calls) == 1


async def test_a_viewer_that_does_not_read_is_cut_off_and_slows_nobody(tmp_path: Path) -> None:
    async def flood(exchange: Exchange) -> None:
        for _ in range(400):
            await exchange.send(delta("x" * 50_000))
            await asyncio.sleep(0)
        await exchange.send(delta(None, "stop"))

    async with RunRooms(tmp_path, flood, stream_buffer=200_000, ai_answer=100_000_000) as rooms:
        run_id = await rooms.begin()
        host, port = rooms.relay.url.removeprefix("http://").split(":")
        _, deaf = await asyncio.open_connection(host, int(port), limit=1)
        token = rooms.laptop.access_token
        deaf.write(
            f"GET /ai/runs/{run_id}/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        )
        events = await rooms.read(run_id)
        assert len(text_of(events)) == 400 * 50_000
        run = rooms.relay.core.runs.live(rooms.laptop.account_id, run_id)
        assert run is not None
        async with asyncio.timeout(40):
            while run.viewers:
                await asyncio.sleep(0.02)
        deaf.close()


async def test_one_viewer_too_many_is_told_so(tmp_path: Path) -> None:
    async def hanging(exchange: Exchange) -> None:
        await exchange.send(delta("a"))
        await exchange.hang()

    async with RunRooms(tmp_path, hanging, ai_viewers=1) as rooms:
        run_id = await rooms.begin()
        address = f"{rooms.relay.url}/ai/runs/{run_id}/stream"
        async with rooms.relay.session.get(address, headers=rooms.laptop.headers):
            status, problem = await rooms.laptop.call("GET", f"/ai/runs/{run_id}/stream")
            assert (status, problem["code"]) == (429, "too_many_viewers")


async def test_a_silent_run_is_kept_awake(tmp_path: Path) -> None:
    async def hanging(exchange: Exchange) -> None:
        await exchange.hang()

    async with RunRooms(tmp_path, hanging, heartbeat_s=0.05) as rooms:
        run_id = await rooms.begin()
        for dialect, ping in (("native", b"event: ping\ndata: {}\n\n"), ("openai", b"\n"), ("vercel", b"\n")):
            address = f"{rooms.relay.url}/ai/runs/{run_id}/stream?dialect={dialect}"
            timeout = ClientTimeout(total=5)
            async with rooms.relay.session.get(address, headers=rooms.laptop.headers, timeout=timeout) as answer:
                seen = b""
                while not seen.endswith(ping * 2):
                    seen += await answer.content.readany()
                Decoder().feed(seen)


async def test_a_cursor_of_another_run_or_of_the_future_is_refused(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying("a")) as rooms:
        first, second = await rooms.begin(), await rooms.begin()
        events = await rooms.read(first)
        await rooms.read(second)
        name = events[-1].last_event_id.partition("-")[0]
        for run_id, cursor in ((second, events[1].last_event_id), (first, f"{name}-99"), (first, "junk")):
            headers = rooms.laptop.headers | {"Last-Event-ID": cursor}
            async with rooms.relay.session.get(f"{rooms.relay.url}/ai/runs/{run_id}/stream", headers=headers) as answer:
                assert (answer.status, (await answer.json())["code"]) == (400, "invalid_cursor")


async def test_the_openai_sdk_and_its_words_read_our_dialect(tmp_path: Path) -> None:
    import openai

    async with RunRooms(tmp_path, saying("Hel", "lo 🎉")) as rooms:
        run_id = await rooms.begin()
        address = f"{rooms.relay.url}/ai/runs/{run_id}/stream?dialect=openai"
        async with rooms.relay.session.get(address, headers=rooms.laptop.headers) as answer:
            raw = await answer.read()
        assert raw.endswith(b"data: [DONE]\n\n")
        assert b"id:" not in raw.split(b"data:")[0]
        chunks = [
            openai.types.chat.ChatCompletionChunk.model_validate_json(event.data)
            for event in Decoder().feed(raw)
            if event.data != "[DONE]"
        ]
        assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "Hello 🎉"
        assert chunks[-2].choices[0].finish_reason == "stop"
        assert chunks[-1].usage is not None
        assert chunks[-1].usage.total_tokens == 10


async def test_the_vercel_dialect_is_a_ui_message_stream(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying("a", "\n")) as rooms:
        run_id = await rooms.begin()
        address = f"{rooms.relay.url}/ai/runs/{run_id}/stream?dialect=vercel"
        async with rooms.relay.session.get(address, headers=rooms.laptop.headers) as answer:
            assert answer.headers["x-vercel-ai-ui-message-stream"] == "v1"
            events = Decoder().feed(await answer.read())
        parts = [json.loads(event.data) for event in events[:-1]]
        assert [part["type"] for part in parts] == [
            "start", "text-start", "text-delta", "text-delta", "text-end", "finish",
        ]  # fmt: skip
        assert [part["delta"] for part in parts if part["type"] == "text-delta"] == ["a", "\n"]
        assert events[-1].data == "[DONE]"
