"""Pouring against a real relay: cut streams, forgotten logs, limits, and a note that is taken away."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from paced_provider import Exchange, Script, delta, saying
from run_rooms import RunRooms

from deskbell_daemon import pouring
from deskbell_daemon.gate.performance import Stopped
from deskbell_daemon.link.relay import Relay
from deskbell_daemon.link.runs import Runs
from deskbell_daemon.link.tokens import Tokens
from deskbell_daemon.notes.room import NotesRoom
from deskbell_daemon.pouring import Answer, Pouring
from deskbell_wire.errors import Problem
from deskbell_wire.ids import new_id, run_of
from deskbell_wire.notes import DraftedNote, DraftNote

WORDS = [f"word{number} " for number in range(200)]
TEXT = "".join(WORDS)


class OneToken:
    """The tokens of a device whose access token does not end during a test."""

    def __init__(self, headers: dict[str, str]) -> None:
        self._token = headers["Authorization"].removeprefix("Bearer ")

    async def access(self) -> str:
        return self._token

    def reject(self, token: str) -> None:
        raise AssertionError("the relay refused the token")


@dataclass
class Desk:
    """A relay, a provider behind it, a notes folder, and what it takes to pour."""

    rooms: RunRooms
    room: NotesRoom
    notes: Path
    runs: Runs
    command: str = field(default_factory=lambda: new_id("cmd"))
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    restarting: bool = False
    lines: list[str] = field(default_factory=list)

    async def pour(self, **more: Any) -> DraftedNote:
        work = Pouring(
            self.room.drafts,
            self.runs,
            self.command,
            tell=self.lines.append,
            stopped=self.stopped,
            restarting=lambda: self.restarting,
        )
        return await work.pour(DraftNote(**({"title": "Sea", "prompt": "?", "provider": "compatible"} | more)))

    async def holding(self, characters: int) -> None:
        """Wait until the note's file is so long."""
        async with asyncio.timeout(20):
            while not (self.notes / "Sea.md").exists() or (self.notes / "Sea.md").stat().st_size < characters:
                await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def desk(folder: Path, *scripts: Script, notes: Path | None = None, **settings: Any) -> AsyncIterator[Desk]:
    notes = notes or folder / "notes"
    notes.mkdir(parents=True)
    async with RunRooms(folder / "relay", *scripts, **settings) as rooms, aiohttp.ClientSession() as http:
        relay = Relay(http, rooms.relay.url, cast(Tokens, OneToken(rooms.laptop.headers)))
        room = NotesRoom.open(notes, folder / "state")
        try:
            yield Desk(rooms, room, notes, Runs(lambda: relay))
        finally:
            room.close()


async def slow(exchange: Exchange) -> None:
    for word in WORDS:
        await exchange.send(delta(word))
        await asyncio.sleep(0.01)
    await exchange.send(delta(None, "stop"), b"data: [DONE]\n\n")


async def endless(exchange: Exchange) -> None:
    while True:
        await exchange.send(delta("word "))
        await asyncio.sleep(0.005)


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8").split("---\n", 2)[2]


async def test_a_stream_that_is_cut_again_and_again_leaves_neither_hole_nor_repeat(tmp_path: Path) -> None:
    async with desk(tmp_path, slow) as one:
        work = asyncio.create_task(one.pour())
        await one.holding(250)
        run = one.rooms.relay.core.runs.live(one.rooms.laptop.account_id, run_of(one.command))
        assert run is not None
        cuts = 0
        while not run.log.ended and not work.done():
            for viewer in list(run.log._live["native"]):
                viewer.abort()
                cuts += 1
            await asyncio.sleep(0.05)
        drafted = await work
        assert cuts > 3
        assert text(one.notes / "Sea.md") == TEXT + "\n"
        assert (drafted.partial, len(one.rooms.provider.calls)) == (False, 1)


async def test_a_log_that_is_no_longer_kept_gives_the_rest_at_once(tmp_path: Path) -> None:
    async with desk(tmp_path, slow) as one:
        work = asyncio.create_task(one.pour())
        await one.holding(300)
        work.cancel()  # as the process dies
        await asyncio.gather(work, return_exceptions=True)
        assert (await one.rooms.end(run_of(one.command)))["status"] == "done"
        await one.rooms.relay.core.runs.saved()
        one.rooms.relay.core.runs.forget_all()
        drafted = await one.pour()
        assert text(one.notes / "Sea.md") == TEXT + "\n"
        assert drafted.ttft_ms is not None
        assert await one.pour() == drafted, "asked once more, it answers the same"


async def test_a_daemon_that_stops_leaves_the_draft_to_its_next_start_and_the_run_going(tmp_path: Path) -> None:
    async with desk(tmp_path, slow) as one:
        work = asyncio.create_task(one.pour())
        await one.holding(250)
        one.restarting = True
        one.stopped.set()
        with pytest.raises(Stopped):
            await work
        assert "status: drafting" in (one.notes / "Sea.md").read_text()
        one.stopped.clear()
        await one.pour()
        assert text(one.notes / "Sea.md") == TEXT + "\n"
        assert len(one.rooms.provider.calls) == 1


async def test_an_answer_without_end_is_cut_off_and_its_provider_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pouring, "MOST_CHARACTERS", 400)
    async with desk(tmp_path, endless) as one:
        drafted = await one.pour()
        assert (drafted.partial, drafted.reason) == (True, "Cut off at 400 characters, the most that a note is given.")
        assert len(text(one.notes / "Sea.md")) > 400
        assert one.rooms.provider.calls[0].closed.is_set()


async def test_the_deadline_ends_what_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pouring, "DEADLINE_S", 0.5)

    async def hanging(exchange: Exchange) -> None:
        await exchange.send(delta("Hello"))
        await exchange.hang()

    async with desk(tmp_path, hanging) as one:
        drafted = await one.pour()
        assert drafted.partial
        assert text(one.notes / "Sea.md") == "Hello\n"
        assert one.rooms.provider.calls[0].closed.is_set()


async def test_a_note_that_is_taken_away_stops_the_provider(tmp_path: Path) -> None:
    async with desk(tmp_path, endless) as one:
        work = asyncio.create_task(one.pour())
        await one.holding(250)
        (one.notes / "Sea.md").unlink()
        with pytest.raises(Problem) as raised:
            await work
        assert raised.value.code == "note_not_found"
        assert one.rooms.provider.calls[0].closed.is_set()
        assert not list(one.notes.glob("*.md"))


async def test_stopped_before_its_first_word_it_leaves_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path, Exchange.hang) as one:
        work = asyncio.create_task(one.pour())
        await one.rooms.provider.called()
        await one.rooms.laptop.call("POST", f"/ai/runs/{run_of(one.command)}/stop")
        with pytest.raises(Stopped):
            await work
        assert not list(one.notes.glob("*.md"))


async def test_a_run_that_has_begun_is_written_from_its_beginning(tmp_path: Path) -> None:
    async with desk(tmp_path, saying("Hel", "lo")) as one:
        run_id = await one.rooms.begin()
        await one.rooms.read(run_id)
        drafted = await one.pour(prompt=None, provider=None, run_id=run_id)
        assert (drafted.run_id, drafted.provider, text(one.notes / "Sea.md")) == (run_id, "compatible", "Hello\n")
        one.command = new_id("cmd")
        with pytest.raises(Problem) as raised:
            await one.pour(prompt=None, provider=None, run_id=new_id("run"))
        assert raised.value.code == "run_not_found"


async def test_too_many_drafts_are_refused_by_the_accounts_rate_and_leave_no_file(tmp_path: Path) -> None:
    async with desk(tmp_path, saying("x"), ai_rate="1/minute") as one:
        await one.pour()
        one.command = new_id("cmd")
        with pytest.raises(Problem) as raised:
            await one.pour(title="Other")
        assert raised.value.code == "rate_limited"
        assert not (one.notes / "Other.md").exists()


@pytest.mark.parametrize("cuts", [1, 2, 3, 5])
def test_pieces_cut_anywhere_give_the_same_harmless_text(cuts: int) -> None:
    whole = "a\r\nb\rc\x1b[31m\u202e\r\n\r\n\td"
    answer, so_far = Answer(), ""
    for start in range(0, len(whole), cuts):
        answer.add(whole[start : start + cuts])
        assert answer.text.startswith(so_far), "what was in it stays"
        so_far = answer.text
    assert so_far == "a\nb␍c␛[31m⟦U+202E⟧\n\n\td"
