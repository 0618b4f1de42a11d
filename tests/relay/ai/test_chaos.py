"""What llmock, which somebody else wrote to break clients, says of this one: each fault met, and its verdict strictly passed."""

import json
from pathlib import Path
from typing import Any

import pytest
from run_rooms import RunRooms, text_of

from deskbell_relay.ai.upstream import LAST_WORDS_S

PROVIDERS = ("openai", "anthropic", "groq", "perplexity")
"""As llmock plays them. Perplexity's models are asked through an address that speaks OpenAI's API."""

UNSEEN = {"gave_up", "truncated_stream_accepted", "malformed_chunk_ignored"}
"""What llmock guesses of a client that does not ask again: it cannot see that the viewers were told."""


def rooms_of(folder: Path, llmock: Any, name: str, **settings: Any) -> RunRooms:
    path = "/v1" if name == "anthropic" else ""
    ours = "openrouter" if name == "perplexity" else name
    told = {
        f"ai_{ours}_key": "key",
        f"ai_{ours}_model": "some-model",
        f"ai_{ours}_url": llmock.base_url(name) + path,
        "ai_first_token_s": 5,
        "ai_stall_s": 1,
    }
    return RunRooms(folder, **(told | settings))


async def ask(rooms: RunRooms, name: str) -> tuple[str, dict[str, Any]]:
    """The answer, and how it ended."""
    events = await rooms.read(await rooms.begin(provider="openrouter" if name == "perplexity" else name))
    return text_of(events), json.loads(events[-1].data)


@pytest.mark.parametrize("name", PROVIDERS)
async def test_an_answer_is_read(tmp_path: Path, llmock: Any, name: str) -> None:
    llmock.reply("In a small boat, by night.")
    async with rooms_of(tmp_path, llmock, name) as rooms:
        text, end = await ask(rooms, name)
        assert (text, end["status"], end["finish_reason"]) == ("In a small boat, by night.", "done", "stop")
        assert end["usage"]["source"] == "provider"
    llmock.assert_resilient(strict=True)


@pytest.mark.parametrize("name", PROVIDERS[:2])
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("disconnect", "answer_cut_off"),
        ("truncate", "answer_cut_off"),
        ("corrupt", "provider_garbled"),
        ("stall", "answer_stalled"),
    ],
)
async def test_a_stream_that_breaks_is_never_taken_for_an_answer(
    tmp_path: Path, llmock: Any, name: str, fault: str, code: str
) -> None:
    llmock.reply("one two three four five six seven eight").pace(20)
    # Anthropic's first two events hold no text.
    getattr(llmock, fault)(after_chunks=5 if name == "anthropic" else 3)
    async with rooms_of(tmp_path, llmock, name) as rooms:
        text, end = await ask(rooms, name)
        assert (end["status"], end["code"]) == ("error", code)
        assert text
        assert "one two three four five six seven eight".startswith(text)
        assert len(llmock.requests) == 1, "a retry would say the beginning twice"
    assert {finding.code for finding in llmock.verdict().findings} <= UNSEEN


@pytest.mark.parametrize("name", PROVIDERS[:2])
async def test_its_waits_are_waited_and_its_failures_outlived(tmp_path: Path, llmock: Any, name: str) -> None:
    llmock.rate_limit(times=1, retry_after=0.5).fail(500, times=1).reply("at last")
    async with rooms_of(tmp_path, llmock, name) as rooms:
        text, end = await ask(rooms, name)
        assert (text, end["status"], end["retries"]) == ("at last", "done", 2)
    llmock.assert_resilient(strict=True)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_what_will_not_change_is_not_asked_again(tmp_path: Path, llmock: Any, status: int) -> None:
    llmock.fail(status, times=None)
    async with rooms_of(tmp_path, llmock, "openai") as rooms:
        _, end = await ask(rooms, "openai")
        assert (end["status"], end["retries"]) == ("error", 0)
    llmock.assert_resilient(strict=True)


async def test_an_outage_is_given_up_in_the_end_and_the_fallback_asked(tmp_path: Path, llmock: Any) -> None:
    llmock.outage(provider="openai").reply("from elsewhere", provider="groq")
    fallback = {"ai_groq_key": "k", "ai_groq_model": "m", "ai_groq_url": llmock.base_url("groq"), "ai_fallback": "groq"}
    async with rooms_of(tmp_path, llmock, "openai", **fallback) as rooms:
        text, end = await ask(rooms, "openai")
        assert (text, end["status"]) == ("from elsewhere", "done")
    assert [request.provider for request in llmock.requests] == ["openai"] * 3 + ["groq"]


async def test_a_slow_first_token_is_waited_for_and_a_slower_one_is_not(tmp_path: Path, llmock: Any) -> None:
    llmock.slow_first_token(0.5).slow_first_token(4)
    async with rooms_of(tmp_path, llmock, "openai", ai_first_token_s=1.5) as rooms:
        _, end = await ask(rooms, "openai")
        assert end["status"] == "done"
        assert end["ttft_ms"] >= 500
        _, end = await ask(rooms, "openai")
        assert (end["code"], end["retries"]) == ("no_first_token", 0)
        assert end["duration_ms"] < 1_500 + LAST_WORDS_S * 1_000


async def test_real_quotas_are_kept_to(tmp_path: Path, llmock: Any) -> None:
    llmock.limits(rpm=1)
    async with rooms_of(tmp_path, llmock, "openai", ai_retry_wait_s=1) as rooms:
        assert (await ask(rooms, "openai"))[1]["status"] == "done"
        _, end = await ask(rooms, "openai")
        assert (end["code"], end["retries"]) == ("provider_overloaded", 0), "a minute is too long a wait"
