"""An answer that pours into a note on the laptop while it is written, to every end that it can come to."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from households import connected
from paced_provider import Exchange, PacedProvider, Script, delta, saying

from deskbell_daemon.cli.assistant import Assistant
from deskbell_daemon.cli.processes import command
from deskbell_daemon.cli.story import Household, until
from deskbell_daemon.notes import front_matter
from deskbell_wire.ids import run_of

WORDS = [f"word{number} " for number in range(300)]
DRAFT = {"title": "Sea", "prompt": "Why is the sea salt?", "provider": "compatible"}


class Gate:
    """A provider that says its words until it is told to wait, and goes on when it is told so."""

    def __init__(self, *texts: str, first: int = 20) -> None:
        self.texts = texts
        self.first = first
        self.go_on = asyncio.Event()

    async def script(self, exchange: Exchange) -> None:
        for number, text in enumerate(self.texts):
            if number == self.first:
                await self.go_on.wait()
            await exchange.send(delta(text))
            await asyncio.sleep(0.002)
        await exchange.send(delta(None, "stop"), b"data: [DONE]\n\n")


@contextlib.asynccontextmanager
async def writing(
    folder: Path, script: Script, **settings: str
) -> AsyncIterator[tuple[Household, Assistant, PacedProvider]]:
    provider = await PacedProvider(script).start()
    try:
        async with connected(
            folder,
            DESKBELL_AI_COMPATIBLE_URL=provider.url,
            DESKBELL_AI_COMPATIBLE_MODEL="m",
            DESKBELL_AI_LOCAL="false",
            DESKBELL_AI_RATE="1000/minute",
            **settings,
        ) as (household, assistant):
            yield household, assistant, provider
    finally:
        await provider.stop()


def note(household: Household, name: str = "Sea.md") -> tuple[str, front_matter.Meta]:
    """A note's text and its front matter."""
    text = (household.notes / name).read_text(encoding="utf-8")
    block = front_matter.find(text)
    return text[block.text_at :], block.meta


async def holds(household: Household, words: int, name: str = "Sea.md") -> None:
    """Wait until the note holds so many words."""

    async def is_there() -> bool:
        return (household.notes / name).exists() and len(note(household, name)[0].split()) >= words

    await until(is_there, f"{words} words in {name}")


async def test_it_can_be_read_while_it_grows_and_is_a_plain_note_at_the_end(tmp_path: Path) -> None:
    gate = Gate(*WORDS)
    async with writing(tmp_path, gate.script) as (household, assistant, provider):
        begun = await assistant.call("draftNote", DRAFT | {"tags": ["sea"]}, wait_s=0)
        await holds(household, 20)
        text, meta = note(household)
        assert text == "".join(WORDS[:20])
        assert meta.draft == front_matter.DraftMark(run_of(begun["id"]), "drafting", len(text))
        gate.go_on.set()
        result = await assistant.finish(begun)
        assert result["status"] == "done", result
        output = result["output"]
        assert (output["path"], output["partial"], output["model"]) == ("Sea.md", False, "m")
        assert output["run_id"] == run_of(begun["id"])
        assert output["ttft_ms"] > 0
        assert output["tokens"] > 0
        text, meta = note(household)
        assert text == "".join(WORDS) + "\n"
        assert (meta.tags, meta.draft) == (("sea",), front_matter.DraftMark(run_of(begun["id"])))
        assert len(provider.calls) == 1
        undone = await assistant.call("undoNote", {"command_id": begun["id"]})
        assert undone["status"] == "done"
        assert household.files() == []


async def test_what_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    async with writing(tmp_path, saying("x")) as (household, assistant, provider):
        await assistant.call("createNote", {"title": "Sea", "body": "Mine."})
        result = await assistant.call("draftNote", DRAFT)
        assert (result["status"], result["error"]["code"]) == ("failed", "name_taken")
        await household.daemon.stop()
        config = household.places.config_file
        config.write_text(config.read_text() + '\n[consent.actions]\n"note.draft" = "ask"\n')
        await household.start_daemon()
        await assistant.call("draftNote", DRAFT | {"title": "Other"}, wait_s=0)

        async def asks() -> bool:
            return bool((await command(household.home, "requests"))["requests"])

        await until(asks, "the question")
        assert provider.calls == []
        [request] = (await command(household.home, "requests"))["requests"]
        await command(household.home, "approve", request["id"])
        await provider.called()
        unknown = await assistant.call("draftNote", DRAFT | {"title": "Third", "provider": "nobody"}, wait_s=0)
        await until(asks, "the second question")
        await command(household.home, "approve", unknown["id"])
        result = await assistant.finish(unknown)
        assert (result["status"], result["error"]["code"]) == ("failed", "provider_not_configured")
        assert "Third.md" not in household.files()


async def test_stop_keeps_the_part_and_says_so(tmp_path: Path) -> None:
    gate = Gate(*WORDS)
    async with writing(tmp_path, gate.script) as (household, assistant, provider):
        begun = await assistant.call("draftNote", DRAFT, wait_s=0)
        await holds(household, 20)
        async with household.local() as daemon:
            await daemon.post(f"/v1/relay/runs/{run_of(begun['id'])}/stop")
        result = await assistant.finish(begun)
        assert (result["status"], result["output"]["partial"]) == ("done", True), result
        assert "Stopped" in result["output"]["reason"]
        text, meta = note(household)
        assert text == "".join(WORDS[:20]) + "\n"
        assert meta.draft is not None
        assert meta.draft.status == "partial"
        assert provider.calls[0].closed.is_set()


async def test_a_cancelled_command_stops_the_provider_and_keeps_the_part(tmp_path: Path) -> None:
    gate = Gate(*WORDS)
    async with writing(tmp_path, gate.script) as (household, assistant, provider):
        begun = await assistant.call("draftNote", DRAFT, wait_s=0)
        await holds(household, 20)
        async with household.local() as daemon:
            await daemon.post(f"/v1/relay/commands/{begun['id']}/cancel")
        assert (await assistant.finish(begun))["status"] == "cancelled"
        await asyncio.wait_for(provider.calls[0].closed.wait(), 10)
        text = (household.notes / "Sea.md").read_text()
        assert "status: partial\n" in text
        assert "partial: The command was cancelled.\n" in text


async def broken(exchange: Exchange) -> None:
    for word in WORDS[:20]:
        await exchange.send(delta(word))
    exchange.break_off()


async def refused(exchange: Exchange) -> None:
    await exchange.answer(400, {"error": {"message": "no"}})


async def test_an_answer_that_breaks_leaves_its_part_and_one_that_never_came_leaves_nothing(tmp_path: Path) -> None:
    async with writing(tmp_path, broken) as (household, assistant, provider):
        result = await assistant.call("draftNote", DRAFT)
        assert result["status"] == "failed", result
        assert "is in Sea.md, marked as a part" in result["error"]["message"]
        text, meta = note(household)
        assert text == "".join(WORDS[:20]) + "\n"
        assert meta.draft is not None
        assert meta.draft.status == "partial"
        provider.scripts = [refused]
        result = await assistant.call("draftNote", DRAFT | {"title": "Never"})
        assert (result["status"], result["error"]["code"]) == ("failed", "provider_refused")
        assert household.files() == ["Sea.md"]


async def test_a_killed_daemon_goes_on_with_the_same_run_at_its_next_start(tmp_path: Path) -> None:
    gate = Gate(*WORDS)
    async with writing(tmp_path, gate.script) as (household, assistant, provider):
        begun = await assistant.call("draftNote", DRAFT, wait_s=0)
        await holds(household, 10)
        await household.daemon.kill()
        held = note(household)[0]
        assert note(household)[1].draft is not None
        assert "".join(WORDS).startswith(held)
        gate.go_on.set()
        await household.start_daemon()
        result = await assistant.finish(begun)
        assert result["status"] == "done", result
        assert note(household)[0] == "".join(WORDS) + "\n"
        assert len(provider.calls) == 1
        assert household.files() == ["Sea.md"]


async def test_a_daemon_that_is_stopped_in_order_goes_on_too(tmp_path: Path) -> None:
    gate = Gate(*WORDS)
    async with writing(tmp_path, gate.script) as (household, assistant, provider):
        begun = await assistant.call("draftNote", DRAFT, wait_s=0)
        await holds(household, 20)
        await household.daemon.stop()
        (household.notes / "Sea.md").rename(household.notes / "Ocean.md")
        gate.go_on.set()
        await household.start_daemon()
        result = await assistant.finish(begun)
        assert (result["status"], result["output"]["path"]) == ("done", "Ocean.md"), result
        assert note(household, "Ocean.md")[0] == "".join(WORDS) + "\n"
        assert len(provider.calls) == 1


async def test_a_killed_relay_leaves_a_part_with_the_reason(tmp_path: Path) -> None:
    gate = Gate(*WORDS)
    async with writing(tmp_path, gate.script) as (household, assistant, _):
        begun = await assistant.call("draftNote", DRAFT, wait_s=0)
        await holds(household, 20)
        await household.relay.kill()
        await household.relay.start()
        result = await assistant.finish(begun)
        assert (result["status"], result["error"]["code"]) == ("failed", "run_interrupted"), result
        text, meta = note(household)
        assert text == "".join(WORDS[:20]) + "\n"
        assert meta.draft is not None
        assert meta.draft.status == "partial"
        assert "partial: The relay stopped while this answer was coming.\n" in (household.notes / "Sea.md").read_text()


HOSTILE = [
    "\x1b]0;owned\x07",
    "\x1b[2J\x1b[31m",
    "\u202egpj.exe\u2066",
    "\r",
    "\nreal line\r",
    "\n",
    "---\ntitle: x\n---\n",
]


async def test_a_hostile_answer_is_plain_text_in_the_note(tmp_path: Path) -> None:
    async with writing(tmp_path, saying(*HOSTILE)) as (household, assistant, _):
        result = await assistant.call("draftNote", DRAFT | {"title": "Sea \x1b[31m\u202e"})
        assert result["status"] == "done", result
        [name] = household.files()
        text, meta = note(household, name)
        data = (household.notes / name).read_bytes()
        assert not any(byte < 32 and byte != 10 for byte in data)
        assert "\u202e" not in text
        assert text.startswith("␛]0;owned␇␛[2J␛[31m⟦U+202E⟧gpj.exe⟦U+2066⟧")
        assert "\nreal line\n---\ntitle: x\n---\n" in text
        assert meta.title != "x"


async def test_a_run_that_is_saved_as_a_note_is_one_run_and_one_note(tmp_path: Path) -> None:
    gate = Gate(*WORDS, first=1)
    async with writing(tmp_path, gate.script) as (household, assistant, provider):
        await assistant.call("createNote", {"title": "Sea", "body": "Mine."})
        async with household.local() as daemon:
            body: dict[str, Any] = {"provider": "compatible", "prompt": "?", "save_as_note": True, "note_title": "Sea"}
            started = await daemon.post("/v1/relay/runs", body)
            gate.go_on.set()

            async def is_done() -> bool:
                found = await daemon.get(f"/v1/relay/commands/{started['note']['command_id']}")
                return bool(found["status"] == "done")

            await until(is_done, "the note")
        assert note(household, "Sea 2.md")[0] == "".join(WORDS) + "\n"
        assert len(provider.calls) == 1


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_the_real_model_through_a_killed_daemon_and_a_killed_relay(tmp_path: Path) -> None:
    long = {"prompt": "Tell me a long story about the sea, the wind, and an old boat.", "provider": "local"}
    async with connected(tmp_path, DESKBELL_AI_RATE="1000/minute") as (household, assistant):
        begun = await assistant.call("draftNote", {"title": "Daemon", **long}, wait_s=0)
        await holds(household, 5, "Daemon.md")
        await household.daemon.kill()
        held = note(household, "Daemon.md")[0]
        await household.start_daemon()
        result = await assistant.finish(begun)
        assert result["status"] == "done", result
        async with household.local() as daemon:
            run = await daemon.get(f"/v1/relay/runs/{run_of(begun['id'])}")
        assert note(household, "Daemon.md")[0].rstrip("\n") == run["text"].rstrip("\n")
        assert run["text"].startswith(held)

        begun = await assistant.call("draftNote", {"title": "Relay", **long}, wait_s=0)
        await holds(household, 5, "Relay.md")
        await household.relay.kill()
        await household.relay.start()
        result = await assistant.finish(begun)
        async with household.local() as daemon:
            run = await daemon.get(f"/v1/relay/runs/{run_of(begun['id'])}")
        text, meta = note(household, "Relay.md")
        assert text.strip()
        assert text.rstrip("\n").startswith(run["text"].rstrip("\n"))
        if run["status"] == "error":  # as long as the model was not faster than the kill
            assert (result["status"], result["error"]["code"]) == ("failed", "run_interrupted"), result
            assert meta.draft is not None
            assert meta.draft.status == "partial"
