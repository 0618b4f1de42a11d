"""Readers that somebody else wrote take our three dialects as their own: the `openai` SDK, Vercel's AI SDK, a browser."""

import asyncio
import contextlib
import json
import os
import random
import sys
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chromium
import openai
import pytest
from openai.types.chat import ChatCompletionChunk
from paced_provider import Exchange, delta, saying
from run_rooms import RunRooms

FOLDER = Path(__file__).parents[2] / "foreign"
NODE = Path(sys.executable).with_name("node")
WORDS = [f"{number} 🎉 " for number in range(40)]


async def broken(exchange: Exchange) -> None:
    await exchange.send(delta("Half a "))
    exchange.break_off()


async def typing(exchange: Exchange) -> None:
    while True:
        await exchange.send(delta("word "))
        await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def sdk(rooms: RunRooms) -> Any:
    async with openai.AsyncOpenAI(
        api_key=rooms.laptop.access_token, base_url=f"{rooms.relay.url}/ai", max_retries=0
    ) as client:
        yield client


async def read(stream: openai.AsyncStream[ChatCompletionChunk]) -> tuple[str, list[str], int | None]:
    """The text, the reasons to finish, the tokens."""
    text, reasons, tokens = "", list[str](), None
    async for chunk in stream:
        assert chunk.object == "chat.completion.chunk"
        for choice in chunk.choices:
            text += choice.delta.content or ""
            reasons += [choice.finish_reason] if choice.finish_reason else []
        tokens = chunk.usage.total_tokens if chunk.usage else tokens
    return text, reasons, tokens


async def test_the_openai_sdk_starts_a_run_and_reads_it(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying(*WORDS, pause_s=0.002), heartbeat_s=0.01) as rooms, sdk(rooms) as client:
        stream = await client.post(
            "/stream?dialect=openai",
            body={"provider": "compatible", "messages": [{"role": "user", "content": "Hello"}]},
            cast_to=ChatCompletionChunk,
            stream=True,
            stream_cls=openai.AsyncStream[ChatCompletionChunk],
        )
        assert await read(stream) == ("".join(WORDS), ["stop"], 10)


async def test_the_openai_sdk_reads_a_run_that_somebody_else_started(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying(*WORDS, pause_s=0.005)) as rooms, sdk(rooms) as client:
        run_id = await rooms.begin()
        await rooms.read(run_id, most=20)
        kinds = {"cast_to": ChatCompletionChunk, "stream": True, "stream_cls": openai.AsyncStream[ChatCompletionChunk]}
        for _ in range(2):  # in the middle, and when it has ended
            stream = await client.get(f"/runs/{run_id}/stream?dialect=openai", **kinds)
            assert await read(stream) == ("".join(WORDS), ["stop"], 10)
        assert len(rooms.provider.calls) == 1


async def test_the_openai_sdk_raises_what_a_broken_run_says(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, broken) as rooms, sdk(rooms) as client:
        run_id = await rooms.begin()
        kinds = {"cast_to": ChatCompletionChunk, "stream": True, "stream_cls": openai.AsyncStream[ChatCompletionChunk]}
        stream = await client.get(f"/runs/{run_id}/stream?dialect=openai", **kinds)
        with pytest.raises(openai.APIError) as raised:
            await read(stream)
        assert raised.value.code == "answer_cut_off"
        assert "broke" in raised.value.message


async def ai_sdk(rooms: RunRooms, how: str, run_id: str = "") -> list[dict[str, Any]]:
    """What Vercel's AI SDK shows of a run, state by state."""
    words = [NODE, FOLDER / "answers.mjs", how, rooms.relay.url, rooms.laptop.access_token, run_id]
    process = await asyncio.create_subprocess_exec(*words, env={"PATH": os.defpath}, stdout=PIPE, stderr=PIPE)
    async with asyncio.timeout(60):
        shown, wrong = await process.communicate()
    assert process.returncode == 0, wrong.decode()
    return [json.loads(line) for line in shown.splitlines()]


async def test_vercels_ai_sdk_sends_a_conversation_and_shows_the_answer_as_it_grows(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying(*WORDS, pause_s=0.005), heartbeat_s=0.01) as rooms:
        *states, end = await ai_sdk(rooms, "send")
        assert end["text"] == "".join(WORDS)
        assert (end["error"], end["types"]) == (None, ["start", "text-start", "text-delta", "text-end", "finish"])
        assert len({state["text"] for state in states}) > 10, "it was seen to grow"
        [call] = rooms.provider.calls
        assert [message["role"] for message in call.body["messages"]] == ["user", "assistant", "user"]
        assert (await rooms.info(end["id"]))["text"] == end["text"], "the message's id is the run's"


async def test_vercels_ai_sdk_resumes_a_run_by_its_id(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying(*WORDS, pause_s=0.02)) as rooms:
        run_id = await rooms.begin()
        await rooms.read(run_id, most=10)
        *_, end = await ai_sdk(rooms, "resume", run_id)
        assert (end["id"], end["text"], end["error"]) == (run_id, "".join(WORDS), None)
        assert len(rooms.provider.calls) == 1


async def test_vercels_ai_sdk_is_told_of_an_error_and_of_a_stop(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, broken, typing) as rooms:
        run_id = await rooms.begin()
        *_, end = await ai_sdk(rooms, "resume", run_id)
        assert end["text"] == "Half a "
        assert "answer_cut_off" in end["error"]
        run_id = await rooms.begin()
        await rooms.read(run_id, most=5)
        reading = asyncio.create_task(ai_sdk(rooms, "resume", run_id))
        await asyncio.sleep(0.5)
        await rooms.laptop.call("POST", f"/ai/runs/{run_id}/stop")
        *_, end = await reading
        assert end["types"][-1] == "abort"
        assert end["text"].startswith("word word")


@pytest.fixture(scope="module")
def browser_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with chromium.running(tmp_path_factory.mktemp("chromium")) as address:
        yield address


LISTEN = """address => new Promise(resolve => {
  const seen = { text: "", ids: [], opened: 0, end: null };
  const source = new EventSource(address);
  window.seen = seen;
  source.onopen = () => { seen.opened += 1; };
  source.addEventListener("token", event => { seen.ids.push(event.lastEventId); seen.text += JSON.parse(event.data).text; });
  source.addEventListener("end", event => { seen.end = JSON.parse(event.data); });
  source.onerror = () => { if (source.readyState === EventSource.CLOSED) resolve(seen); };
})"""
"""Nothing of ours: the browser comes back by itself, with its cursor, until a 204 tells it to stay away."""


@pytest.mark.slow
async def test_a_browsers_event_source_comes_back_by_itself_and_misses_nothing(
    tmp_path: Path, browser_address: str
) -> None:
    async with RunRooms(tmp_path, saying(*WORDS, pause_s=0.15)) as rooms:
        run_id = await rooms.begin()
        _, link = await rooms.laptop.call("POST", f"/ai/runs/{run_id}/share")
        run = rooms.relay.core.runs.live(rooms.laptop.account_id, run_id)
        assert run is not None

        async def cut() -> int:
            """Cut every viewer's connection now and then; how often."""
            dice, times = random.Random(1), 0
            while not run.log.ended:
                await asyncio.sleep(dice.uniform(0.3, 0.8))
                for viewer in [one for live in run.log._live.values() for one in live]:
                    viewer.abort()
                    times += 1
            return times

        async with chromium.connected(browser_address) as browser:
            context = await browser.new_context(bypass_csp=True)  # any page of the relay's will do
            page = await context.new_page()
            await page.goto(f"{rooms.relay.url}/privacy")
            seen, times = await asyncio.gather(page.evaluate(LISTEN, link["stream"]), cut())
            await context.close()
        assert seen["text"] == "".join(WORDS)
        assert [int(one.rpartition("-")[2]) for one in seen["ids"]] == list(range(1, len(WORDS) + 1))
        assert seen["end"]["status"] == "done"
        assert times >= 2
        assert seen["opened"] >= times
        assert len(rooms.provider.calls) == 1
