"""The room takes several commands at once."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deskbell_daemon.notes.room import NotesRoom
from deskbell_wire.errors import Problem
from deskbell_wire.ids import new_id
from deskbell_wire.notes import AppendNote, CreateNote, ReadNote, SearchNotes


def test_parallel_appends_to_one_note_all_arrive(room: NotesRoom) -> None:
    room.create(CreateNote(title="Log"), new_id("cmd"))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: room.append(AppendNote(path="log.md", text=f"- {n}."), new_id("cmd")), range(80)))
    lines = room.read(ReadNote(path="Log.md")).text.split("\n")
    assert sorted(line for line in lines if line) == sorted(f"- {n}." for n in range(80))


def test_parallel_creates_of_one_title_give_one_note(room: NotesRoom, notes: Path) -> None:
    titles = ["Boat", "boat", "BOAT", "bOAt"] * 5

    def attempt(title: str) -> str:
        try:
            return room.create(CreateNote(title=title, body=title), new_id("cmd")).path
        except Problem as problem:
            assert problem.code == "name_taken"
            return ""

    with ThreadPoolExecutor(8) as pool:
        made = [path for path in pool.map(attempt, titles) if path]
    assert len(made) == 1 and [path.name for path in notes.glob("*.md")] == made


def test_the_same_command_in_parallel_is_done_once(room: NotesRoom) -> None:
    command = new_id("cmd")
    args = AppendNote(path="New.md", text="x", create=True)
    with ThreadPoolExecutor(8) as pool:
        refs = set(pool.map(lambda _: room.append(args, command).version, range(16)))
    assert len(refs) == 1 and room.read(ReadNote(path="New.md")).text == "x\n"


def test_searches_during_writes_find_what_was_acknowledged(room: NotesRoom) -> None:
    def work(number: int) -> bool:
        word = f"unique{number}word"
        path = room.create(CreateNote(title=f"N{number}", body=word), new_id("cmd")).path
        return [hit.path for hit in room.search(SearchNotes(query=word)).hits] == [path]

    old = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(6) as pool:
            assert all(pool.map(work, range(60)))
    finally:
        sys.setswitchinterval(old)
