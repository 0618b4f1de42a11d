"""Each provider's format as somebody else plays it (aimock), and each quirk that its vendor's documents or a run of it show."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from foreign_providers import PATHS, ForeignProviders, foreign_providers
from paced_provider import DONE, USAGE, Exchange, PacedProvider, data, delta, saying
from run_rooms import RunRooms, text_of

ANSWER = "Once upon a time in Łódź there was a 🎉 of\n\nlines."
QUICK: dict[str, Any] = {"ai_first_token_s": 3, "ai_stall_s": 1, "ai_retries": 0}


def saying_to(prompt: str, content: str = ANSWER, **how: Any) -> dict[str, Any]:
    return {"match": {"userMessage": prompt}, "response": {"content": content}, "chunkSize": 3} | how


def refusing(prompt: str, status: int, message: str, **how: Any) -> dict[str, Any]:
    response = {"error": {"message": message, "type": "some_error"}, "status": status}
    return {"match": {"userMessage": prompt}, "response": response} | how


FIXTURES = (
    saying_to("say it", openRouterProcessing=True),
    saying_to("slowly", "word " * 40, streamingProfile={"ttft": 300, "tps": 200}),
    saying_to("cut me off", truncateAfterChunks=9, latency=30),
    saying_to("hang up", disconnectAfterMs=150, latency=40),
    saying_to("stall", latency=60_000),
    saying_to("garble", chaos={"malformedRate": 1}),
    saying_to("break", chaos={"disconnectRate": 1}),
    refusing("no such model", 404, "not here"),
    refusing("wrong", 400, "not like this"),
    refusing("key", 401, "your key key-of-x is wrong"),
    refusing("crash", 500, "oh"),
    *(
        {**refusing("twice", status, "busy"), "match": {"userMessage": "twice", "sequenceIndex": index}}
        for index, status in enumerate((429, 500))
    ),
    saying_to("twice", "At last"),
)


@pytest.fixture
async def mock() -> AsyncIterator[ForeignProviders]:
    async with foreign_providers(*FIXTURES) as running:
        yield running


def rooms_of(folder: Path, mock: ForeignProviders, name: str, **settings: Any) -> RunRooms:
    return RunRooms(folder, **(QUICK | mock.settings(name) | settings))


@pytest.mark.parametrize("name", PATHS)
async def test_each_providers_format_is_read_and_it_is_asked_as_it_wants(
    tmp_path: Path, mock: ForeignProviders, name: str
) -> None:
    async with rooms_of(tmp_path, mock, name) as rooms:
        run_id = await rooms.begin("say it", provider=name)
        events = await rooms.read(run_id)
        end = json.loads(events[-1].data)
        assert (text_of(events), end["status"], end["finish_reason"]) == (ANSWER, "done", "stop")
        [asked] = await mock.journal()
        assert asked["path"].startswith(PATHS[name])
        body, headers = asked["body"], asked["headers"]
        assert body["model"] == "some-model"
        if name == "anthropic":
            assert asked["path"] == "/v1/messages", "its compatible endpoint is not for production"
            assert headers["anthropic-version"] == "2023-06-01"
            assert "x-api-key" in headers
            assert "authorization" not in headers
            assert end["usage"]["source"] == "provider"
        elif name == "cohere":
            assert "stream_options" not in body, "it refuses them"
        else:
            assert body["stream_options"] == {"include_usage": True}
            assert end["usage"]["source"] == "provider"
        assert not {"logprobs", "logit_bias", "top_logprobs", "n"} & body.keys(), "Groq refuses them"
        assert all("name" not in message for message in body["messages"])


@pytest.mark.parametrize("name", ["openai", "anthropic"])
@pytest.mark.parametrize(
    ("prompt", "code", "kept"),
    [
        ("cut me off", "answer_cut_off", True),
        ("hang up", "answer_cut_off", None),
        ("stall", "no_first_token", False),
        ("garble", "provider_garbled", False),
        ("break", {"answer_cut_off", "provider_unreachable"}, None),
        ("no such model", "model_unavailable", False),
        ("wrong", "provider_refused", False),
        ("key", "provider_key_refused", False),
        ("crash", "provider_failed", False),
    ],
)
async def test_each_way_to_fail_is_an_end_with_a_code(
    tmp_path: Path, mock: ForeignProviders, name: str, prompt: str, code: str | set[str], kept: bool | None
) -> None:
    async with rooms_of(tmp_path, mock, name) as rooms:
        run_id = await rooms.begin(prompt, provider=name)
        end = await rooms.end(run_id)
        assert end["status"] == "error"
        assert end["code"] in ({code} if isinstance(code, str) else code), end
        assert "key-of" not in json.dumps(end)
        text = (await rooms.info(run_id))["text"]
        assert ANSWER.startswith(text)
        assert kept is None or bool(text) == kept
        assert len(await mock.journal()) == 1, "one call: nothing is tried again behind our back"


async def test_a_429_and_a_500_before_the_first_byte_are_tried_again(tmp_path: Path, mock: ForeignProviders) -> None:
    async with rooms_of(tmp_path, mock, "openai", ai_retries=2) as rooms:
        run_id = await rooms.begin("twice", provider="openai")
        events = await rooms.read(run_id)
        end = json.loads(events[-1].data)
        assert (text_of(events), end["retries"]) == ("At last", 2)
        first, second, third = [entry["timestamp"] for entry in await mock.journal()]
        assert second - first >= 1_000, "aimock's Retry-After is one second"
        assert third > second


async def test_token_by_token_the_figures_are_those_of_the_provider(tmp_path: Path, mock: ForeignProviders) -> None:
    async with rooms_of(tmp_path, mock, "groq") as rooms:
        run_id = await rooms.begin("slowly", provider="groq")
        end = await rooms.end(run_id)
        assert 300 <= end["ttft_ms"] < 1_500
        assert end["duration_ms"] - end["ttft_ms"] > 200


async def test_stop_ends_the_call_that_somebody_else_serves(tmp_path: Path, mock: ForeignProviders) -> None:
    async with rooms_of(tmp_path, mock, "anthropic", ai_first_token_s=30) as rooms:
        run_id = await rooms.begin("stall", provider="anthropic")
        while not await mock.journal():
            await asyncio.sleep(0.02)
        async with asyncio.timeout(5):
            _, info = await rooms.laptop.call("POST", f"/ai/runs/{run_id}/stop")
        assert (info["status"], info["end"]["stops_billing"]) == ("stopped", None)


# The quirks that no mock plays, by name.


async def test_gemini_sends_the_usage_so_far_with_every_chunk_and_the_last_counts(tmp_path: Path) -> None:
    async def cumulative(exchange: Exchange) -> None:
        for count, piece in enumerate("abc", 1):
            await exchange.send(delta(piece, usage=USAGE | {"completion_tokens": count}))
        await exchange.send(delta(None, "stop", usage=USAGE | {"completion_tokens": 4}), DONE)

    end = await end_of(tmp_path, "gemini", cumulative)
    assert end["usage"] == {"prompt_tokens": 7, "completion_tokens": 4, "source": "provider"}


async def test_geminis_error_document_stands_in_a_list_of_one(tmp_path: Path) -> None:
    async def refusing(exchange: Exchange) -> None:
        await exchange.answer(400, [{"error": {"code": 400, "message": "Invalid JSON payload", "status": "INVALID"}}])

    assert "Invalid JSON payload" in (await end_of(tmp_path, "gemini", refusing))["message"]


async def test_openrouter_tells_of_errors_as_data_in_a_stream_that_began_well(tmp_path: Path) -> None:
    async def failing(exchange: Exchange) -> None:
        error = {"code": 502, "message": "Provider disconnected"}
        choice = {"index": 0, "delta": {"content": ""}, "finish_reason": "error"}
        await exchange.send(b": OPENROUTER PROCESSING\n\n", delta("a"), data({"error": error, "choices": [choice]}))

    end = await end_of(tmp_path, "openrouter", failing)
    assert (end["code"], end["message"]) == ("provider_failed", "OpenRouter reports an error: Provider disconnected")


async def test_cohere_refuses_stream_options_and_its_tokens_are_counted_here(tmp_path: Path) -> None:
    async def strict(exchange: Exchange) -> None:
        if "stream_options" in exchange.body:
            await exchange.answer(422, {"message": "unknown field: stream_options"})
        else:
            await exchange.send(delta("a"), delta("b"), delta(None, "stop"), DONE)

    end = await end_of(tmp_path, "cohere", strict)
    assert (end["status"], end["usage"]["source"], end["usage"]["completion_tokens"]) == ("done", "counted", 2)


async def test_groq_refuses_fields_that_we_do_not_send(tmp_path: Path) -> None:
    async def strict(exchange: Exchange) -> None:
        named = any("name" in message for message in exchange.body["messages"])
        if named or {"logprobs", "logit_bias", "top_logprobs"} & exchange.body.keys():
            await exchange.answer(400, {"error": {"message": "not supported"}})
        else:
            await saying("fine")(exchange)

    assert (await end_of(tmp_path, "groq", strict))["status"] == "done"


async def test_openai_without_credit_is_not_asked_again(tmp_path: Path) -> None:
    async def spent(exchange: Exchange) -> None:
        await exchange.answer(429, {"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}})

    end = await end_of(tmp_path, "openai", spent, ai_retries=2)
    assert (end["code"], end["retries"]) == ("provider_overloaded", 0)
    assert end["message"].startswith("OpenAI has no credit left")


@pytest.mark.parametrize(("seconds", "retries"), [(60, 0), (-60, 2)], ids=["too far", "past"])
async def test_a_retry_after_that_is_a_date_is_honoured(tmp_path: Path, seconds: int, retries: int) -> None:
    async def later(exchange: Exchange) -> None:
        date = format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)
        await exchange.answer(503, {"error": {"message": "closed"}}, **{"Retry-After": date})

    end = await end_of(tmp_path, "openai", later, ai_retries=2, ai_retry_wait_s=10)
    assert end["retries"] == retries
    assert end["duration_ms"] < 8_000, "the date has passed, or is too far away to wait for"


async def test_what_openais_sdk_finds_for_openai_goes_to_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"ORG_ID": "org-canary", "PROJECT_ID": "proj-canary", "API_KEY": "sk-canary"}.items():
        monkeypatch.setenv(f"OPENAI_{name}", value)
    heard: dict[str, str] = {}

    async def noting(exchange: Exchange) -> None:
        heard[exchange.request.headers["Authorization"]] = str(exchange.request.headers)
        await saying("fine")(exchange)

    for name in ("openai", "groq"):
        assert (await end_of(tmp_path / name, name, noting, **{f"ai_{name}_key": f"of-{name}"}))["status"] == "done"
    assert "org-canary" in heard["Bearer of-openai"], "that is what it is for"
    assert "canary" not in heard["Bearer of-groq"]


async def end_of(folder: Path, name: str, *scripts: Any, **settings: Any) -> dict[str, Any]:
    """How a run at a paced provider of that name ends."""
    provider = await PacedProvider(*scripts).start()
    try:
        told = {f"ai_{name}_key": "k", f"ai_{name}_url": provider.url, f"ai_{name}_model": "m"}
        async with RunRooms(folder, **(QUICK | told | settings)) as rooms:
            return await rooms.end(await rooms.begin(provider=name))
    finally:
        await provider.stop()
