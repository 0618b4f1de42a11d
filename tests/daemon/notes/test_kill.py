"""Killed at any instant, a command that is given again is done once, and nothing is lost."""

import json
import random
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from deskbell_daemon.notes.folder import Folder
from deskbell_daemon.notes.journal import Journal
from deskbell_daemon.notes.room import NotesRoom
from deskbell_wire.ids import new_id, run_of
from deskbell_wire.notes import (
    AppendNote,
    CreateNote,
    DraftedNote,
    DraftNote,
    EditNote,
    NoteRef,
    ReadNote,
    TrashNote,
    UndoNote,
)

STEPS = Path(__file__).with_name("steps.py")
ROUNDS = 30


def load_steps():
    sys.path.insert(0, str(STEPS.parent))
    try:
        import steps

        return steps
    finally:
        sys.path.remove(str(STEPS.parent))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_thirty_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    steps = load_steps()
    plan = steps.plan(400)
    notes, state, file = tmp_path / "notes", tmp_path / "state", tmp_path / "plan.json"
    notes.mkdir()
    file.write_text(json.dumps(plan))
    chance = random.Random(20261124)
    answers: dict[int, str] = {}
    following = kills = 0
    for _ in range(ROUNDS):
        process = subprocess.Popen(
            [sys.executable, str(STEPS), str(notes), str(state), str(file), str(following)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        # From here on it works: the kill may come at any instant of any step.
        threading.Timer(chance.uniform(0.001, 0.15), process.send_signal, [signal.SIGKILL]).start()
        for line in process.stdout:
            if line.endswith("\n"):
                number, answer = line.split("\t", 1)
                answers[int(number)] = answer.strip()
        kills += process.wait() == -signal.SIGKILL
        following = len(answers)
    assert kills == ROUNDS and 0 < following < len(plan)
    room = NotesRoom.open(notes, state)
    try:
        end = min(len(plan), (following // 5 + 2) * 5)
        for number in range(max(0, following - 25), end):
            answer = steps.perform(room, plan[number])
            assert answers.get(number, answer) == answer, plan[number]
        log = room.read(ReadNote(path="Log.md", limit=60_000)).text
        assert log == "".join(f"- mark {n}.\n" for n in range(end // 5))
        for n in range(end // 5):
            assert room.read(ReadNote(path=f"Note {n}.md")).text == f"body {n} new\n"
    finally:
        room.close()
    assert len([path for path in notes.iterdir() if path.suffix == ".md"]) == end // 5 + 1
    assert list((notes / ".deskbell" / "temp").iterdir()) == []
    assert list((notes / ".deskbell" / "trash").iterdir()) == []


class Snapshots:
    """Copies of notes and state as they are before and after each touch of the disk or the journal."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.base = tmp_path
        self.taken: list[Path] = []
        self.on = False
        for owner, names in (
            (Folder, ("write", "move", "replace", "remove", "sync")),
            (Journal, ("intend", "record", "apply")),
        ):
            for name in names:
                monkeypatch.setattr(owner, name, self.around(getattr(owner, name)))

    def around(self, method):
        def wrapped(*args, **kwargs):
            self.take()
            try:
                return method(*args, **kwargs)
            finally:
                self.take()

        return wrapped

    def take(self) -> None:
        if self.on:
            copy = self.base / f"copy-{len(self.taken)}"
            for part in ("notes", "state"):
                shutil.copytree(self.base / part, copy / part, ignore=shutil.ignore_patterns("*-shm"))
            self.taken.append(copy)


def drafted(room: NotesRoom, command: str) -> DraftedNote:
    """A draft as the daemon writes it: begun, or found again after a kill."""

    def told(ref: NoteRef) -> DraftedNote:
        return DraftedNote(**ref.model_dump())

    if (earlier := room.drafts.earlier(command)) is not None:
        return earlier
    source = DraftNote(title="B", folder="New", prompt="?")
    draft = room.drafts.find(source, command)
    if draft is None:
        draft = room.drafts.begin(source, command, run_of(command), numbered=True)
    elif draft.ended:
        return draft.tell_again(told)
    for answer in ("one", "one two", "one two three"):
        draft.pour(answer)
    return draft.finish("one two three", None, told)


@pytest.mark.parametrize(
    "what", ["create", "append", "append-new", "edit", "draft", "trash", "undo-append", "undo-create", "undo-trash"]
)
def test_each_step_of_a_write_may_be_the_last(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notes").mkdir()
    room = NotesRoom.open(tmp_path / "notes", tmp_path / "state")
    first, second, command = (new_id("cmd") for _ in range(3))
    room.create(CreateNote(title="A", body="one"), first)
    if what == "undo-append":
        room.append(AppendNote(path="A.md", text="two"), second)
    elif what == "undo-trash":
        room.trash(TrashNote(path="A.md"), second)

    def perform(place: NotesRoom) -> object:
        match what:
            case "create":
                return place.create(CreateNote(title="B", body="one"), command)
            case "append":
                return place.append(AppendNote(path="A.md", text="two"), command)
            case "append-new":
                return place.append(AppendNote(path="New/B.md", text="one", create=True), command)
            case "edit":
                version = place.read(ReadNote(path="A.md")).version
                return place.edit(EditNote(path="A.md", version=version, find="one", replacement="two"), command)
            case "draft":
                return drafted(place, command)
            case "trash":
                return place.trash(TrashNote(path="A.md"), command)
            case "undo-create":
                return place.undo(UndoNote(command_id=first), command)
            case _:
                return place.undo(UndoNote(command_id=second), command)

    expected = {
        "create": {"A.md": "one\n", "B.md": "one\n"},
        "append": {"A.md": "one\n\ntwo\n"},
        "append-new": {"A.md": "one\n", "New/B.md": "one\n"},
        "edit": {"A.md": "two\n"},
        "draft": {"A.md": "one\n", "New/B.md": "one two three\n"},
        "trash": {},
        "undo-append": {"A.md": "one\n"},
        "undo-create": {},
        "undo-trash": {"A.md": "one\n"},
    }[what]
    room._journal.flush()
    snapshots = Snapshots(tmp_path, monkeypatch)
    snapshots.on = True
    answer = perform(room)
    room._journal.flush()
    snapshots.on = False
    room.close()
    assert len(snapshots.taken) > 6
    for copy in snapshots.taken:
        again = NotesRoom.open(copy / "notes", copy / "state")
        try:
            repeated = perform(again)
            if what not in ("create", "append-new", "draft"):
                assert repeated == answer, copy.name
            assert perform(again) == repeated
            found = {
                str(path.relative_to(copy / "notes")): path.read_text().rpartition("---\n")[2]
                for path in (copy / "notes").rglob("*.md")
                if ".deskbell" not in path.parts
            }
            assert found == expected, copy.name
            assert list((copy / "notes" / ".deskbell" / "temp").iterdir()) == []
            # And it can be taken back all the same.
            again.undo(UndoNote(command_id=command), new_id("cmd"))
        finally:
            again.close()


def test_a_hand_edit_after_the_kill_is_neither_lost_nor_added_to_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes").mkdir()
    room = NotesRoom.open(tmp_path / "notes", tmp_path / "state")
    room.create(CreateNote(title="A", body="one"), new_id("cmd"))
    room._journal.flush()
    snapshots = Snapshots(tmp_path, monkeypatch)
    snapshots.on = True
    command = new_id("cmd")
    append = AppendNote(path="A.md", text="two")
    room.append(append, command)
    snapshots.on = False
    room.close()
    for copy in snapshots.taken:
        path = copy / "notes" / "A.md"
        path.write_text(path.read_text() + "\nmine\n")
        again = NotesRoom.open(copy / "notes", copy / "state")
        try:
            again.append(append, command)
            text = again.read(ReadNote(path="A.md")).text
            assert (text.count("two"), text.count("mine")) == (1, 1), copy.name
        finally:
            again.close()


def test_what_a_kill_kept_from_the_journal_is_found_in_the_front_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The note was renamed by hand before the command came again: it is still not made twice."""
    (tmp_path / "notes").mkdir()
    room = NotesRoom.open(tmp_path / "notes", tmp_path / "state")
    monkeypatch.setattr(Journal, "record", lambda *_: None)
    command = new_id("cmd")
    room.create(CreateNote(title="A", body="one"), command)
    shutil.copytree(tmp_path / "state", tmp_path / "killed", ignore=shutil.ignore_patterns("*-shm"))
    room.close()
    monkeypatch.undo()
    (tmp_path / "notes" / "A.md").rename(tmp_path / "notes" / "Mine.md")
    again = NotesRoom.open(tmp_path / "notes", tmp_path / "killed")
    try:
        assert again.create(CreateNote(title="A", body="one"), command).path == "Mine.md"
        assert not (tmp_path / "notes" / "A.md").exists()
        assert again.undo(UndoNote(), new_id("cmd")).undone == "create"
    finally:
        again.close()
