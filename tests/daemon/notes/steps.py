"""A fixed sequence of commands, for a process that will be killed and for the one that does the rest.

Run as `python steps.py NOTES STATE PLAN FIRST`: prints the number of each finished step at once.
"""

import json
import sys
from pathlib import Path

from deskbell_daemon.notes.room import NotesRoom
from deskbell_wire.errors import Problem
from deskbell_wire.ids import new_id
from deskbell_wire.notes import AppendNote, CreateNote, EditNote, ReadNote, TrashNote, UndoNote


def plan(count: int) -> list[dict[str, str]]:
    """Steps with their command ids: each number makes its own note and adds a mark to a common one."""
    steps = []
    for n in range(count):
        make, add, edit, spoil, undo = (new_id("cmd") for _ in range(5))
        steps += [
            {"do": "create", "command": make, "n": str(n)},
            {"do": "append", "command": add, "n": str(n)},
            {"do": "edit", "command": edit, "n": str(n)},
            {"do": "spoil" if n % 2 else "trash", "command": spoil, "n": str(n)},
            {"do": "undo", "command": undo, "n": str(n), "target": spoil},
        ]
    return steps


def perform(room: NotesRoom, step: dict[str, str]) -> str:
    """Does one step, or does it again; what it answered, as JSON."""
    command, n = step["command"], step["n"]
    path = f"Note {n}.md"
    match step["do"]:
        case "create":
            return room.create(CreateNote(title=f"Note {n}", body=f"body {n} old"), command).model_dump_json()
        case "append":
            return room.append(AppendNote(path="Log.md", text=f"- mark {n}.", create=True), command).model_dump_json()
        case "edit":
            args = EditNote(path=path, version=version_of(room, path), find="old", replacement="new")
            return room.edit(args, command).model_dump_json()
        case "spoil":
            return room.append(AppendNote(path=path, text="spoilt"), command).model_dump_json()
        case "trash":
            return room.trash(TrashNote(path=path), command).model_dump_json()
        case _:
            return room.undo(UndoNote(command_id=step["target"]), command).model_dump_json()


def version_of(room: NotesRoom, path: str) -> str:
    """The note's version. Given again after the next step trashed it, an edit is answered from the journal, whatever it is."""
    try:
        return room.read(ReadNote(path=path)).version
    except Problem:
        return "0" * 16


def main() -> None:
    notes, state, file, first = sys.argv[1:]
    steps = json.loads(Path(file).read_text())
    room = NotesRoom.open(Path(notes), Path(state))
    print("open", flush=True)
    for number in range(int(first), len(steps)):
        answer = perform(room, steps[number])
        print(f"{number}\t{answer}", flush=True)
    room.close()


if __name__ == "__main__":
    main()
