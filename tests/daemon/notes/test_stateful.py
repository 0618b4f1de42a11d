"""Any mix of creates, appends, edits, trashings, undos, hand edits and restarts gives what a plain model gives."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from deskbell_daemon.notes.room import NotesRoom
from deskbell_wire.errors import Problem
from deskbell_wire.ids import new_id
from deskbell_wire.notes import AppendNote, CreateNote, EditNote, ListNotes, ReadNote, SearchNotes, TrashNote, UndoNote

TITLES = st.sampled_from(["A", "B", "a", "Ç", "C\u0327"])
CHOICE = st.integers(0, 1_000_000)


class Notes(RuleBasedStateMachine):
    """The model: what each note's text is, and for each change in force what the notes were before it."""

    def __init__(self) -> None:
        super().__init__()
        self.base = Path(tempfile.mkdtemp())
        (self.base / "notes").mkdir()
        self.room = NotesRoom.open(self.base / "notes", self.base / "state")
        self.texts: dict[str, str] = {}
        self.history: list[tuple[str, dict[str, str]]] = []
        self.words = 0

    def teardown(self) -> None:
        self.room.close()
        shutil.rmtree(self.base)

    def word(self) -> str:
        self.words += 1
        return f"word{self.words}x"

    def pick(self, choice: int) -> str:
        return sorted(self.texts)[choice % len(self.texts)]

    def changed(self, command: str, texts: dict[str, str]) -> None:
        self.history.append((command, self.texts))
        self.texts = texts

    @rule(title=TITLES)
    def create(self, title: str) -> None:
        body, command = self.word(), new_id("cmd")
        try:
            ref = self.room.create(CreateNote(title=title, body=body), command)
        except Problem as problem:
            assert problem.code == "name_taken"
            return
        assert self.room.create(CreateNote(title=title, body=body), command) == ref
        assert ref.path not in self.texts
        self.changed(command, {**self.texts, ref.path: f"{body}\n"})

    @precondition(lambda self: self.texts)
    @rule(choice=CHOICE)
    def append(self, choice: int) -> None:
        path, word, command = self.pick(choice), self.word(), new_id("cmd")
        for _ in range(2):
            self.room.append(AppendNote(path=path, text=word), command)
        self.changed(command, {**self.texts, path: f"{self.texts[path]}\n{word}\n"})

    @precondition(lambda self: self.texts)
    @rule(choice=CHOICE)
    def edit(self, choice: int) -> None:
        path, word, command = self.pick(choice), self.word(), new_id("cmd")
        first = self.texts[path].split()[0]
        version = self.room.read(ReadNote(path=path)).version
        self.room.edit(EditNote(path=path, version=version, find=first, replacement=word), command)
        self.changed(command, {**self.texts, path: self.texts[path].replace(first, word)})

    @precondition(lambda self: self.texts)
    @rule(choice=CHOICE)
    def trash(self, choice: int) -> None:
        path, command = self.pick(choice), new_id("cmd")
        for _ in range(2):
            self.room.trash(TrashNote(path=path), command)
        self.changed(command, {key: text for key, text in self.texts.items() if key != path})

    @precondition(lambda self: self.history)
    @rule(by_command=st.booleans(), redo=st.booleans())
    def undo_the_last(self, by_command: bool, redo: bool) -> None:
        command, before = self.history[-1]
        undo = new_id("cmd")
        for _ in range(2):
            self.room.undo(UndoNote(command_id=command) if by_command else UndoNote(), undo)
        if redo:
            self.room.undo(UndoNote(command_id=undo), new_id("cmd"))
        else:
            self.history.pop()
            self.texts = before

    @precondition(lambda self: self.texts)
    @rule(choice=CHOICE)
    def edit_by_hand(self, choice: int) -> None:
        path, word = self.pick(choice), self.word()
        file = self.base / "notes" / path
        file.write_text(f"{file.read_text()}{word}\n")
        self.texts = {**self.texts, path: f"{self.texts[path]}{word}\n"}
        # What was before can only be brought back note by note; the model starts anew here.
        self.history = []
        self.room.close()
        self.room = NotesRoom.open(self.base / "notes", self.base / "state-after-hand-edit" / word)

    @rule()
    def reopen(self) -> None:
        state = self.room._index._file.parent
        self.room.close()
        self.room = NotesRoom.open(self.base / "notes", state)

    @invariant()
    def the_notes_are_as_the_model_says(self) -> None:
        found = {
            path.name: self.room.read(ReadNote(path=path.name)).text for path in (self.base / "notes").glob("*.md")
        }
        assert found == self.texts
        assert sorted(note.path for note in self.room.list(ListNotes()).notes) == sorted(self.texts)
        for path, text in list(self.texts.items())[:1]:
            assert path in [hit.path for hit in self.room.search(SearchNotes(query=text.split()[-1])).hits]


TestNotes = Notes.TestCase
TestNotes.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
