"""Whatever a provider does, the run ends with a code and a sentence, and what came is kept."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from paced_provider import DONE, Exchange, PacedProvider, Script, data, delta, saying, silent
from run_rooms import RunRooms, text_of

QUICK: dict[str, Any] = {"ai_first_token_s": 3, "ai_stall_s": 1, "ai_retries": 0}


def refusing(status: int, message: str = "because", **headers: str) -> Script:
    async def script(exchange: Exchange) -> None:
        await exchange.answer(status, {"error": {"message": message, "type": "x"}}, **headers)

    return script


def sending(*pieces: bytes, then: str = "eof") -> Script:
    async def script(exchange: Exchange) -> None:
        await exchange.send(*pieces)
        if then == "hang":
            await exchange.hang()
        elif then == "cut":
            exchange.break_off()

    return script


async def chattering(exchange: Exchange) -> None:
    while True:  # comments are no sign of life
        await exchange.send(b": OPENROUTER PROCESSING\n\n")
        await asyncio.sleep(0.02)


async def no_stream(exchange: Exchange) -> None:
    await exchange.answer(200, {"choices": [{"message": {"content": "whole"}, "finish_reason": "stop"}]})


HELLO = delta("Hello")
CASES: list[tuple[str, Script, str, str]] = [
    ("the key is wrong", refusing(401, "Incorrect API key provided: canary-key"), "provider_key_refused", ""),
    ("it may not", refusing(403), "provider_key_refused", ""),
    ("no such model", refusing(404), "model_unavailable", ""),
    ("the request is wrong", refusing(400), "provider_refused", ""),
    ("it is overloaded", refusing(429), "provider_overloaded", ""),
    ("it is down", refusing(503), "provider_overloaded", ""),
    ("it crashes", refusing(500), "provider_failed", ""),
    ("it never begins", silent, "no_first_token", ""),
    ("it sends comments alone", chattering, "no_first_token", ""),
    ("it stalls", sending(HELLO, then="hang"), "answer_stalled", "Hello"),
    ("it ends without a word", sending(HELLO), "answer_cut_off", "Hello"),
    ("it ends with [DONE] and no reason", sending(HELLO, DONE), "answer_cut_off", "Hello"),
    ("it sends nothing", sending(b": hi\n\n"), "answer_cut_off", ""),
    ("the line is cut", sending(HELLO, then="cut"), "answer_cut_off", "Hello"),
    ("it is cut in half a chunk", sending(HELLO, b'data: {"cho', then="cut"), "answer_cut_off", "Hello"),
    ("an error among the data", sending(HELLO, data({"error": {"message": "oops"}})), "provider_failed", "Hello"),
    ("a garbled chunk", sending(HELLO, b"data: {oops\n\n"), "provider_garbled", "Hello"),
    ("a finish that is an error", sending(HELLO, delta(None, "error")), "provider_failed", "Hello"),
]


@pytest.mark.parametrize(("script", "code", "text"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
async def test_a_failure_is_an_end_with_a_code_and_a_sentence(
    tmp_path: Path, script: Script, code: str, text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async with RunRooms(tmp_path, script, ai_compatible_key="canary-key", **QUICK) as rooms:
        run_id = await rooms.begin()
        events = await rooms.read(run_id)
        end = json.loads(events[-1].data)
        assert (end["status"], end["code"]) == ("error", code)
        assert end["message"].endswith((".", "because", "oops"))
        assert text_of(events) == text
        await rooms.relay.core.runs.saved()
        info = await rooms.info(run_id)
        assert (info["text"], info["end"]) == (text, end)
        assert len(rooms.provider.calls) == 1
        assert rooms.provider.calls[0].request.headers["Authorization"] == "Bearer canary-key"
        assert "canary-key" not in json.dumps(info) + "".join(event.data for event in events)
    assert "canary-key" not in "".join(capfd.readouterr())


async def test_nobody_listens_at_the_providers_address(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, ai_compatible_url="http://127.0.0.1:9/v1", **QUICK) as rooms:
        assert (await rooms.end(await rooms.begin()))["code"] == "provider_unreachable"


async def test_it_is_asked_again_before_its_first_byte_and_as_late_as_it_wants(tmp_path: Path) -> None:
    async with RunRooms(
        tmp_path, refusing(429, **{"Retry-After": "0"}), refusing(503, **{"Retry-After": "0"}), saying("At last")
    ) as rooms:
        run_id = await rooms.begin()
        events = await rooms.read(run_id)
        end = json.loads(events[-1].data)
        assert (text_of(events), end["status"], end["retries"]) == ("At last", "done", 2)
        assert len(rooms.provider.calls) == 3


@pytest.mark.parametrize("then", ["cut", "eof"])
async def test_a_stream_that_ends_before_its_first_byte_is_asked_for_again(tmp_path: Path, then: str) -> None:
    async with RunRooms(tmp_path, sending(then=then), sending(then=then), saying("At last")) as rooms:
        run_id = await rooms.begin()
        events = await rooms.read(run_id)
        assert (text_of(events), json.loads(events[-1].data)["retries"]) == ("At last", 2)


async def test_it_is_not_asked_again_after_a_byte_nor_when_it_asks_for_too_long_a_wait(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, sending(delta("")), refusing(429, **{"Retry-After": "600"})) as rooms:
        assert (await rooms.end(await rooms.begin()))["code"] == "answer_cut_off"
        assert (await rooms.end(await rooms.begin()))["code"] == "provider_overloaded"
        assert len(rooms.provider.calls) == 2


async def test_a_fallback_answers_before_the_first_token_and_never_after_it(tmp_path: Path) -> None:
    broken = await PacedProvider(refusing(500), sending(HELLO, then="cut")).start()
    rooms = RunRooms(
        tmp_path,
        saying("saved"),
        ai_groq_key="k",
        ai_groq_model="m",
        ai_groq_url=broken.url,
        ai_fallback="compatible",
        ai_retries=0,
    )
    async with rooms:
        run_id = await rooms.begin(provider="groq")
        assert text_of(await rooms.read(run_id)) == "saved"
        assert (await rooms.info(run_id))["provider"] == "compatible"
        run_id = await rooms.begin(provider="groq")
        assert (await rooms.end(run_id))["code"] == "answer_cut_off"
        assert len(rooms.provider.calls) == 1
    await broken.stop()


async def test_a_provider_that_does_not_stream_is_read_all_the_same(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, no_stream) as rooms:
        assert text_of(await rooms.read(await rooms.begin())) == "whole"


async def test_one_that_lingers_after_its_reason_is_not_waited_for(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, sending(delta("a", "stop"), then="hang")) as rooms:
        end = await rooms.end(await rooms.begin())
        assert (end["status"], end["usage"]["source"]) == ("done", "counted")


async def test_an_answer_without_end_is_cut_off_at_the_limit(tmp_path: Path) -> None:
    async def endless(exchange: Exchange) -> None:
        while True:
            await exchange.send(delta("word " * 20))

    async with RunRooms(tmp_path, endless, ai_answer=1_000) as rooms:
        run_id = await rooms.begin()
        end = await rooms.end(run_id)
        assert end["code"] == "answer_too_long"
        assert 1_000 < len((await rooms.info(run_id))["text"]) < 100_000
        await asyncio.wait_for(rooms.provider.calls[0].closed.wait(), 5)


async def test_what_a_killed_relay_left_running_ends_with_a_word(tmp_path: Path) -> None:
    from sqlalchemy import update

    from deskbell_relay.store.tables import runs

    async with RunRooms(tmp_path, saying("x")) as rooms:
        run_id = await rooms.begin()
        await rooms.read(run_id)
        await rooms.relay.core.runs.saved()
        core = rooms.relay.core
        await core.store.write(lambda c: c.execute(update(runs).values(status="running", end=None, ended_at=None)))
        core.runs.forget_all()
        await core.runs.recover()  # what the next start does
        events = await rooms.read(run_id)
        assert [event.event for event in events] == ["end"]
        assert json.loads(events[0].data)["code"] == "run_interrupted"
        headers = rooms.laptop.headers | {"Last-Event-ID": events[0].last_event_id}
        async with rooms.relay.session.get(f"{rooms.relay.url}/ai/runs/{run_id}/stream", headers=headers) as answer:
            assert answer.status == 204


def thinking_after(*pieces: bytes) -> Script:
    """These pieces, then thoughts for ever, which keep every other patience alive."""

    async def script(exchange: Exchange) -> None:
        await exchange.send(*pieces)
        while True:
            await exchange.send(data({"choices": [{"index": 0, "delta": {"reasoning_content": "hm"}}]}))
            await asyncio.sleep(0.02)

    return script


@pytest.mark.parametrize(("pieces", "text"), [((), ""), ((HELLO,), "Hello")])
async def test_a_model_that_only_thinks_is_ended_with_a_word_and_what_came_is_kept(
    tmp_path: Path, pieces: tuple[bytes, ...], text: str
) -> None:
    async with RunRooms(tmp_path, thinking_after(*pieces), ai_run_s=0.5) as rooms:
        run_id = await rooms.begin()
        events = await rooms.read(run_id)
        end = json.loads(events[-1].data)
        assert (text_of(events), end["status"], end["code"]) == (text, "error", "answer_overdue")
        assert end["message"] == "The answer was cut off after 0.5 s, the most allowed."
        [call] = rooms.provider.calls  # nobody is asked again: the time is over
        async with asyncio.timeout(10):
            await call.closed.wait()
        assert (await rooms.info(run_id))["text"] == text


async def test_the_time_of_a_run_is_that_of_all_its_tries(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, refusing(503, **{"Retry-After": "5"}), ai_run_s=0.5) as rooms:
        assert (await rooms.end(await rooms.begin()))["code"] == "answer_overdue"
        assert len(rooms.provider.calls) == 1
