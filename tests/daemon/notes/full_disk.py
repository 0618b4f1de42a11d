"""Fills a disk of 2 MB with notes: `python full_disk.py PLACE`, where PLACE is a tmpfs; prints `right` at the end."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from deskbell_daemon.notes.room import NotesRoom
from deskbell_wire.errors import Problem
from deskbell_wire.ids import new_id, run_of
from deskbell_wire.notes import AppendNote, CreateNote, DraftedNote, DraftNote, NoteRef, ReadNote, TrashNote


def code(work) -> str:
    try:
        work()
    except Problem as problem:
        return problem.code
    return ""


def draft_while_it_is_full(room: NotesRoom, notes: Path, spare: list[str]) -> None:
    """A draft that meets the full disk keeps what it had, and goes on when there is room again."""
    (notes / spare[0]).unlink()
    command = new_id("cmd")
    draft = room.drafts.begin(DraftNote(title="Draft", prompt="?"), command, run_of(command), numbered=True)
    answer = "z" * 10_000
    draft.pour(answer)
    filler = notes / "filler.bin"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4_096)
    longer = "z" * 200_000
    assert code(lambda: draft.pour(longer)) == "disk_full"
    assert code(lambda: draft.finish(longer, None, told)) == "disk_full"
    assert (notes / "Draft.md").read_text().endswith("---\n" + answer)
    assert os.listdir(notes / ".deskbell" / "temp") == []
    filler.unlink()
    (notes / spare[1]).unlink()
    (notes / spare[2]).unlink()
    (notes / spare[3]).unlink()
    short = "z" * 20_000
    draft.pour(short)
    assert draft.finish(short, None, told).path == "Draft.md"
    assert (notes / "Draft.md").read_text().endswith("---\n" + short + "\n")
    for path in spare[1:]:
        room.create(CreateNote(title=path.removesuffix(".md"), body="x" * 60_000), new_id("cmd"))


def told(ref: NoteRef) -> DraftedNote:
    return DraftedNote(**ref.model_dump())


def main() -> None:
    place = Path(sys.argv[1])
    notes = place / "notes"
    notes.mkdir()
    room = NotesRoom.open(notes, place.parent / "state")
    body = "x" * 80_000
    made = {}
    failure = ""
    for number in range(60):
        try:
            made[room.create(CreateNote(title=f"N{number}", body=body), new_id("cmd")).path] = number
        except Problem as problem:
            failure = problem.code
            break
    before = (notes / "N0.md").read_bytes()
    growth = AppendNote(path="N0.md", text="y" * 80_000)
    command = new_id("cmd")
    assert code(lambda: room.append(growth, command)) == "disk_full", code(lambda: room.append(growth, command))
    assert failure == "disk_full", failure
    assert len(made) > 5
    assert (notes / "N0.md").read_bytes() == before
    assert os.listdir(notes / ".deskbell" / "temp") == []
    assert sorted(path.name for path in notes.glob("*.md")) == sorted(made)
    assert all(body.startswith(room.read(ReadNote(path=path)).text.strip()) for path in made)
    draft_while_it_is_full(room, notes, list(made)[-4:])
    for path in list(made)[-3:]:
        (notes / path).unlink()
    assert room.append(growth, command).path == "N0.md"
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
    for work in (
        lambda: room.create(CreateNote(title="ro"), new_id("cmd")),
        lambda: room.append(AppendNote(path="N0.md", text="z"), new_id("cmd")),
        lambda: room.trash(TrashNote(path="N0.md"), new_id("cmd")),
    ):
        assert code(work) == "folder_not_writable", code(work)
    assert room.read(ReadNote(path="N0.md")).title == "N0"
    room.close()
    again = NotesRoom.open(notes, place.parent / "state2")
    assert again.read(ReadNote(path="N0.md")).title == "N0"
    assert code(lambda: again.create(CreateNote(title="ro"), new_id("cmd"))) == "folder_not_writable"
    again.close()
    print("right")


if __name__ == "__main__":
    main()
