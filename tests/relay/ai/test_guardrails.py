"""What a run may cost, who may start one, and what nobody gets to see."""

import json
from pathlib import Path
from typing import Any

import pytest
from paced_provider import Exchange, PacedProvider, data, delta, saying
from pydantic import ValidationError
from run_rooms import RunRooms

from deskbell_relay.ai.providers.openrouter import OPENROUTER
from deskbell_relay.ai.providers.table import REMOTE
from deskbell_relay.ai.registry import Registry
from deskbell_relay.settings import Settings


async def ask(rooms: RunRooms, **body: Any) -> tuple[int, Any, dict[str, str]]:
    async with rooms.relay.session.post(
        f"{rooms.relay.url}/ai/runs",
        json={"provider": "compatible", "prompt": "x"} | body,
        headers=rooms.laptop.headers,
    ) as answer:
        return answer.status, await answer.json(), dict(answer.headers)


async def test_a_fourth_run_in_a_minute_waits_and_reading_is_free(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying("a"), ai_rate="3/minute") as rooms:
        run_ids = [await rooms.begin() for _ in range(3)]
        status, problem, headers = await ask(rooms)
        assert (status, problem["code"]) == (429, "rate_limited")
        assert 1 <= int(headers["Retry-After"]) <= 60
        for run_id in run_ids * 3:
            assert (await rooms.end(run_id))["status"] == "done"
        assert len(rooms.provider.calls) == 3
        other = await rooms.relay.pair(name="Other")  # an account of its own
        assert (await other.call("POST", "/ai/runs", {"provider": "compatible", "prompt": "x"}))[0] == 201


async def test_the_days_tokens_come_to_an_end(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying("a"), ai_tokens_per_day=15) as rooms:
        for _ in range(2):  # ten tokens each, the mock says
            await rooms.read(await rooms.begin())
            await rooms.relay.core.runs.saved()
        status, problem, headers = await ask(rooms)
        assert (status, problem["code"]) == (429, "budget_spent")
        assert 1 <= int(headers["Retry-After"]) <= 86_401


async def test_what_still_runs_counts_too_prompts_and_paragraphs_included(tmp_path: Path) -> None:
    async def paragraph(exchange: Exchange) -> None:
        await exchange.send(delta("x" * 4_000))
        await exchange.hang()

    async with RunRooms(tmp_path, paragraph, ai_tokens_per_day=1_500) as rooms:
        run_id = await rooms.begin("y" * 2_000)
        await rooms.read(run_id, most=2)
        status, problem, _ = await ask(rooms)
        assert (status, problem["code"]) == (429, "budget_spent")
        assert "1,500 are used" in problem["detail"], "500 of the prompt, 1,000 of one piece"
        _, info = await rooms.laptop.call("POST", f"/ai/runs/{run_id}/stop")
        assert info["end"]["usage"] == {"prompt_tokens": 500, "completion_tokens": 1_000, "source": "counted"}
        await rooms.relay.core.runs.saved()
        assert (await ask(rooms))[1]["code"] == "budget_spent", "and once only when it has ended"


async def test_a_provider_without_a_usual_model_says_who_must_name_one(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, ai_openai_key="k", ai_openai_url="http://127.0.0.1:9/v1", ai_retries=0) as rooms:
        status, problem, _ = await ask(rooms, provider="openai")
        assert (status, problem["code"]) == (422, "model_not_named")
        assert "DESKBELL_AI_OPENAI_MODEL" in problem["detail"]
        assert (await ask(rooms, provider="openai", model="their-newest"))[0] == 201


def test_no_model_and_no_bill_is_guessed(tmp_path: Path) -> None:
    keys = {f"ai_{provider.name}_key": "k" for provider in REMOTE}
    registry = Registry(Settings(data_dir=tmp_path, ai_compatible_url="http://127.0.0.1:9", ai_local=False, **keys))
    rows = {row["name"]: row for row in registry.documents()}
    assert {name: row["model"] for name, row in rows.items() if row["model"]} == {
        "gemini": "gemini-flash-latest",
        "openrouter": "openrouter/auto",
    }, "names that their vendors keep current"
    assert {row["stops_billing"] for row in rows.values()} == {None}
    bills = {
        "perplexity/sonar": False,
        "google/gemini-flash-latest": False,
        "openai/some-model": True,
        "openai/gpt-oss-20b": None,
        "anthropic/some-model": None,
        "meta-llama/some-model": None,
        "openrouter/auto": None,
    }
    assert {model: OPENROUTER.stops_billing(model) for model in bills} == bills
    for name in ("openai", "compatible"):
        with pytest.raises(ValidationError) as raised:
            Settings(data_dir=tmp_path, ai_fallback=name, ai_openai_key="k", ai_compatible_url="http://127.0.0.1:9")
        assert f"DESKBELL_AI_{name.upper()}_MODEL" in str(raised.value)


async def test_a_key_is_in_no_log_error_page_or_figure(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A canary as the key of every provider, each of which gives it back in its error; and everything that can be read."""
    canary = "canary-3f9a7c"

    async def tattling(exchange: Exchange) -> None:
        said = f"your key {canary} is not welcome"
        calls = len(provider.calls)
        if calls % 3 == 0:
            await exchange.send(delta("x"), data({"error": {"message": said}}))
        else:
            await exchange.answer((400, 429)[calls % 2], {"error": {"message": said}, "type": "error"})

    provider = await PacedProvider(tattling).start()
    settings: dict[str, Any] = {}
    for row in REMOTE:
        settings |= {f"ai_{row.name}_{what}": value for what, value in
                     (("key", canary), ("model", "m"), ("url", provider.url))}  # fmt: skip
    seen = ""
    async with RunRooms(tmp_path, **settings, log_level="debug", ai_retries=1, ai_retry_wait_s=1) as rooms:
        for row in REMOTE:
            for _ in range(3):
                run_id = await rooms.begin(provider=row.name)
                seen += json.dumps(await rooms.end(run_id)) + json.dumps(await rooms.info(run_id))
        assert canary in str(provider.calls[0].request.headers)
        assert "(key)" in seen
        for path in ("/ai/providers", "/ai/runs", "/metrics", "/", "/privacy", "/chat", "/openapi.json", "/v1/devices"):
            async with rooms.relay.session.get(rooms.relay.url + path, headers=rooms.laptop.headers) as answer:
                seen += await answer.text() + str(answer.headers)
        await rooms.relay.core.runs.saved()
    await provider.stop()
    logged = "".join(capfd.readouterr())
    assert "request" in logged
    stored = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert canary not in seen + logged
    assert canary.encode() not in stored


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"prompt": "x" * 101}, 413, "prompt_too_long"),
        ({"prompt": None, "messages": [{"role": "user", "content": "x" * 60}] * 2}, 413, "prompt_too_long"),
        ({"provider": "openai"}, 422, "provider_not_configured"),
        ({"provider": "../../etc"}, 422, "invalid_arguments"),
        ({"prompt": ""}, 422, "invalid_arguments"),
        ({"model": "a model\r\nX: y"}, 422, "invalid_arguments"),
        ({"messages": [{"role": "user", "content": "x"}]}, 422, "invalid_arguments"),
        ({"prompt": 7}, 422, "invalid_arguments"),
    ],
)
async def test_what_cannot_be_asked_is_refused_before_anybody_is(
    tmp_path: Path, body: dict[str, Any], status: int, code: str
) -> None:
    async with RunRooms(tmp_path, ai_prompt=100, ai_openai_key=None) as rooms:
        answer = await ask(rooms, **body)
        assert (answer[0], answer[1]["code"]) == (status, code)
        assert rooms.provider.calls == []


async def test_an_unknown_dialect_starts_nothing(tmp_path: Path) -> None:
    async with RunRooms(tmp_path) as rooms:
        status, problem = await rooms.laptop.call("GET", "/ai/stream?provider=compatible&q=x&dialect=morse")
        assert (status, problem["code"]) == (422, "invalid_arguments")
        assert rooms.provider.calls == []


def test_a_key_is_in_no_text_of_the_settings_and_a_fallback_must_be_there(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, ai_openai_key="sk-canary")
    assert "canary" not in repr(settings) + str(settings) + settings.model_dump_json()
    with pytest.raises(ValidationError) as raised:
        Settings(data_dir=tmp_path, ai_fallback="groq", ai_openai_url="https://x", ai_openai_key="sk-canary")
    assert "DESKBELL_AI_GROQ_KEY" in str(raised.value)
    assert "canary" not in str(raised.value)
    with pytest.raises(ValidationError):
        Settings(data_dir=tmp_path, ai_openai_url="file:///etc/passwd")


async def test_a_link_shows_one_run_to_whoever_has_it_until_it_is_taken_back_or_ends(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying("shared"), ai_share_s=3_600) as rooms:
        run_id = await rooms.begin()
        await rooms.read(run_id)
        status, link = await rooms.laptop.call("POST", f"/ai/runs/{run_id}/share")
        assert status == 201
        path = link["document"].removeprefix(rooms.relay.url)

        async def seen(path: str) -> tuple[int, Any]:
            async with rooms.relay.session.get(rooms.relay.url + path) as answer:  # without any token
                return answer.status, await (answer.text() if path.endswith("stream") else answer.json())

        assert (await seen(path))[1]["text"] == "shared"
        assert "shared" in (await seen(f"{path}/stream"))[1]
        assert (await seen(path + "x"))[0] == 404
        async with rooms.relay.session.post(f"{rooms.relay.url}{path}/stop") as answer:
            assert answer.status == 404, "read-only"
        token = path.rpartition("/")[2]
        assert len(token) == 43
        database = b"".join(file.read_bytes() for file in tmp_path.glob("relay.db*"))
        assert token.encode() not in database, "kept as a hash"

        _, newer = await rooms.laptop.call("POST", f"/ai/runs/{run_id}/share")
        assert (await seen(path))[1]["code"] == "share_not_found", "replaced"
        path = newer["document"].removeprefix(rooms.relay.url)
        assert (await rooms.laptop.call("DELETE", f"/ai/runs/{run_id}/share"))[0] == 204
        assert (await seen(path))[0] == 404

    async with RunRooms(tmp_path / "short", saying("x"), ai_share_s=0.001) as rooms:
        run_id = await rooms.begin()
        _, link = await rooms.laptop.call("POST", f"/ai/runs/{run_id}/share")
        async with rooms.relay.session.get(link["document"]) as answer:
            assert answer.status == 404
