"""A draft that meets a full disk: `python full_disk.py PLACE`, where PLACE is a tmpfs of 2 MB; prints `right` at the end."""

import asyncio
import contextlib
import sys
from pathlib import Path

from paced_provider import Exchange, delta
from test_pouring import Desk, desk, text

from deskbell_daemon import pouring
from deskbell_daemon.ledger import Ledger, new_entry
from deskbell_daemon.leftover_drafts import LeftoverDrafts
from deskbell_wire.clock import DAY, now_us, to_timestamp
from deskbell_wire.command import Command
from deskbell_wire.errors import Problem
from deskbell_wire.result import Failure, Report

HALF = "half of it " * 2_000
ANSWER = HALF * 2


def fill(place: Path) -> Path:
    """Take all room; the file that has it."""
    filler = place / "filler.bin"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4_096)
    return filler


async def reported(one: Desk, ledger: Ledger, problem: Problem) -> None:
    """The command stands in the ledger as failed, as the gate writes it down."""
    now = now_us()
    command = Command.model_validate(
        {
            "id": one.command,
            "action": "note.draft",
            "arguments": {"title": "Sea", "prompt": "?", "provider": "compatible"},
            "device_id": one.rooms.laptop.device_id,
            "assistant": {"grant_id": one.rooms.laptop.device_id, "name": "laptop", "host": ""},
            "received_at": to_timestamp(now),
            "expires_at": to_timestamp(now + DAY),
        }
    )
    failure = Failure(code=problem.code, message=problem.detail)
    await ledger.admit(
        new_entry(command, "finished", Report(status="failed", error=failure)), None, ledger.begin_stream()
    )


async def main() -> None:
    place = Path(sys.argv[1])
    go_on = asyncio.Event()

    async def in_halves(exchange: Exchange) -> None:
        await exchange.send(delta(HALF))
        await go_on.wait()
        await exchange.send(delta(HALF), delta(None, "stop"), b"data: [DONE]\n\n")

    pouring.ROOM_TRIES = 1  # type: ignore[misc]
    async with desk(place.parent / "rest", in_halves, notes=place / "notes") as one:
        ledger = Ledger(place.parent / "ledger.sqlite3")
        leftovers = LeftoverDrafts(ledger, lambda: one.room, one.runs)
        work = asyncio.create_task(one.pour())
        await one.holding(len(HALF))
        filler = fill(place)
        go_on.set()
        try:
            await work
        except Problem as problem:
            assert problem.code == "disk_full", problem.code
            assert "the rest is written there once there is room" in problem.detail, problem.detail
            await reported(one, ledger, problem)
        else:
            raise AssertionError("the full disk took all of it")
        note = one.notes / "Sea.md"
        assert "status: drafting" in note.read_text()
        with contextlib.suppress(Problem):
            await leftovers.settle()  # still no room
        assert "status: drafting" in note.read_text()
        assert text(note) == HALF
        filler.unlink()
        await leftovers.settle()
        assert "status" not in note.read_text().split("---\n")[1]
        assert text(note) == ANSWER.rstrip(" ") + " \n", len(text(note))
        assert len(one.rooms.provider.calls) == 1, "nobody was asked again"
        note.write_text("mine now\n")
        await LeftoverDrafts(ledger, lambda: one.room, one.runs).settle()  # as after a restart
        assert note.read_text() == "mine now\n"
        assert [path.name for path in one.notes.glob("*.md")] == ["Sea.md"]
        await ledger.close()
    print("right")


if __name__ == "__main__":
    asyncio.run(main())
