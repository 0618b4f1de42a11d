"""Every change can be taken back, and taking back loses nothing."""

import json
from pathlib import Path

import pytest

from deskbell_daemon.notes.room import NotesRoom
from deskbell_wire.clock import DAY, now_us
from deskbell_wire.errors import Problem
from deskbell_wire.ids import new_id
from deskbell_wire.notes import AppendNote, CreateNote, EditNote, ReadNote, TrashNote, UndoNote


def cmd() -> str:
    return new_id("cmd")


def text(room: NotesRoom, path: str) -> str:
    return room.read(ReadNote(path=path)).text


def code(work) -> str:
    with pytest.raises(Problem) as caught:
        work()
    return caught.value.code


def test_append_edit_and_create_are_undone_one_after_the_other(opener) -> None:
    room = opener()
    ref = room.create(CreateNote(title="A", body="one"), cmd())
    ref = room.append(AppendNote(path="A.md", text="two"), cmd())
    room.edit(EditNote(path="A.md", version=ref.version, find="two", replacement="three"), cmd())
    room = opener()
    assert room.undo(UndoNote(path="A.md"), cmd()).undone == "edit"
    assert text(room, "A.md") == "one\n\ntwo\n"
    assert room.undo(UndoNote(), cmd()).undone == "append"
    assert text(room, "A.md") == "one\n"
    room = opener()
    last = room.undo(UndoNote(), cmd())
    assert (last.undone, last.version, last.path) == ("create", None, "A.md")
    assert code(lambda: text(room, "A.md")) == "note_not_found"
    assert code(lambda: room.undo(UndoNote(), cmd())) == "nothing_to_undo"


def test_undoing_an_undo_does_the_change_again_any_number_of_times(opener) -> None:
    room = opener()
    room.create(CreateNote(title="A", body="one"), cmd())
    room.append(AppendNote(path="A.md", text="two"), target := cmd())
    for number in range(5):
        room = opener()
        undone = room.undo(UndoNote(command_id=target), following := cmd())
        assert undone.undone == ("append" if number == 0 else "undo")
        assert text(room, "A.md") == ("one\n" if number % 2 == 0 else "one\n\ntwo\n")
        assert code(lambda room=room, target=target: room.undo(UndoNote(command_id=target), cmd())) == "nothing_to_undo"
        target = following
    # Undone in the end: what is left in force is the create.
    assert room.undo(UndoNote(), cmd()).undone == "create"


def test_an_undo_that_would_lose_a_hand_edit_is_refused(room: NotesRoom, notes: Path) -> None:
    room.create(CreateNote(title="A", body="one"), cmd())
    room.append(AppendNote(path="A.md", text="two"), cmd())
    (notes / "A.md").write_text("mine")
    assert code(lambda: room.undo(UndoNote(path="A.md"), cmd())) == "version_conflict"
    assert (notes / "A.md").read_text() == "mine"


def test_trash_keeps_the_note_with_a_record_and_undo_brings_it_back(opener, notes: Path) -> None:
    room = opener()
    (notes / "Sub").mkdir()
    (notes / "Sub" / "hand.md").write_text("by hand")
    version = room.read(ReadNote(path="Sub/hand.md")).version
    wrong = TrashNote(path="Sub/hand.md", version="0" * 16)
    assert code(lambda: room.trash(wrong, cmd())) == "version_conflict"
    gone = room.trash(TrashNote(path="Sub/hand.md", version=version), command := cmd())
    trash = notes / ".deskbell" / "trash"
    record = json.loads((trash / f"{gone.trashed_as}.json").read_text())
    assert (record["path"], record["command"]) == ("Sub/hand.md", command)
    assert (trash / gone.trashed_as).read_text() == "by hand"
    (notes / "Sub").rmdir()
    room = opener()
    back = room.undo(UndoNote(command_id=command), cmd())
    assert (back.path, back.undone, back.version) == ("Sub/hand.md", "trash", version)
    assert (notes / "Sub" / "hand.md").read_text() == "by hand" and list(trash.iterdir()) == []


def test_a_note_comes_back_beside_one_that_took_its_name(room: NotesRoom, notes: Path) -> None:
    room.create(CreateNote(title="A", body="old"), first := cmd())
    room.append(AppendNote(path="A.md", text="more"), added := cmd())
    room.trash(TrashNote(path="A.md"), trashed := cmd())
    (notes / "a.md").write_text("new")
    back = room.undo(UndoNote(command_id=trashed), cmd())
    assert back.path == "A 2.md" and (notes / "a.md").read_text() == "new"
    assert room.undo(UndoNote(command_id=added), cmd()).path == "A 2.md"
    assert text(room, "A 2.md") == "old\n"
    assert room.undo(UndoNote(command_id=first), cmd()).path == "A 2.md"
    assert (notes / "a.md").read_text() == "new"


def test_undo_is_done_once_per_command(room: NotesRoom) -> None:
    room.create(CreateNote(title="A", body="one"), cmd())
    room.append(AppendNote(path="A.md", text="two"), cmd())
    room.append(AppendNote(path="A.md", text="three"), cmd())
    command = cmd()
    assert room.undo(UndoNote(path="A.md"), command) == room.undo(UndoNote(path="A.md"), command)
    assert text(room, "A.md") == "one\n\ntwo\n"


def test_a_note_that_the_journal_lost_can_still_be_undone(opener, notes: Path, tmp_path: Path) -> None:
    room = opener()
    room.create(CreateNote(title="A", body="one"), command := cmd())
    room.close()
    for file in (tmp_path / "state").iterdir():
        file.unlink()
    fresh = NotesRoom.open(notes, tmp_path / "state")
    assert fresh.create(CreateNote(title="A", body="one"), command).path == "A.md"
    assert fresh.undo(UndoNote(command_id=command), cmd()).undone == "create"
    fresh.close()
    NotesRoom.open(notes, tmp_path / "state").close()
    assert not (notes / "A.md").exists()


@pytest.fixture
def bounded(notes: Path, tmp_path: Path):
    def open_at(now: int) -> NotesRoom:
        return NotesRoom.open(notes, tmp_path / "bounded", clock=lambda: now, versions_kept=3, days_kept=10)

    return open_at


def test_versions_are_bounded_by_number_and_age(bounded, notes: Path) -> None:
    kept = notes / ".deskbell" / "versions"
    now = now_us()
    room = bounded(now)
    commands = [cmd() for _ in range(6)]
    room.create(CreateNote(title="A", body="0"), cmd())
    for command in commands:
        room.append(AppendNote(path="A.md", text=command), command)
    room.close()
    assert len(list(kept.iterdir())) == 6
    room = bounded(now)
    room.undo(UndoNote(path="A.md"), cmd())
    room.close()
    assert len(list(kept.iterdir())) in (3, 4)
    bounded(now + 11 * DAY).close()
    assert list(kept.iterdir()) == []


def test_a_version_that_was_altered_is_not_brought_back(room: NotesRoom, notes: Path) -> None:
    room.create(CreateNote(title="A", body="one"), cmd())
    room.append(AppendNote(path="A.md", text="two"), cmd())
    for file in (notes / ".deskbell" / "versions").iterdir():
        file.write_text("tampered")
    assert code(lambda: room.undo(UndoNote(path="A.md"), cmd())) == "nothing_to_undo"
    assert text(room, "A.md") == "one\n\ntwo\n"
