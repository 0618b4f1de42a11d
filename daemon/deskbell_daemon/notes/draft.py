"""Drafts: notes that are written while they grow, visible from the first word, whole or marked as a part at the end."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Final

from deskbell_daemon.notes import draft_block, names
from deskbell_daemon.notes.change import Change
from deskbell_daemon.notes.document import Document, decode
from deskbell_daemon.notes.folder import Stamp
from deskbell_daemon.notes.index import Index
from deskbell_daemon.notes.journal import Journal
from deskbell_daemon.notes.locks import Locks
from deskbell_daemon.notes.paths import Paths
from deskbell_daemon.notes.writer import Writer
from deskbell_wire.clock import now_us, to_timestamp
from deskbell_wire.errors import Problem
from deskbell_wire.notes import DraftedNote, DraftNote, NoteRef

QUIET_S: Final = 0.2
"""A file that a program just saved is looked at again after this: it may still be being written."""

LOOKS: Final = 25
"""How often the end waits for a file that does not come to rest."""

MOST_NAMES: Final = 1_000


class Draft:
    """One note that grows. Synchronous; one thread at a time. Raises only Problem."""

    def __init__(self, drafts: "Drafts", command: str, run: str, path: str, source: DraftNote) -> None:
        self.command = command
        self.run = run
        self.path = path
        self._drafts = drafts
        self._source = source
        self._document: Document | None = None
        self._stamp: Stamp | None = None
        self._poured = 0
        self._restless: Stamp | None = None
        self._missing = 0

    @property
    def poured(self) -> int:
        """How many characters of the answer the file holds, as far as we know."""
        return self._poured

    def pour(self, answer: str) -> None:
        """Let the note hold `answer`, all that has come until now. A note that is being saved by hand waits its turn.

        Raises Problem `note_not_found` when it was taken away, `disk_full`, `folder_not_writable`.
        """
        with self._drafts.hold(self.path):
            found = self._look()
            if found is not None and len(answer) > self._poured:
                document, stamp = found
                self._put(draft_block.grown(document, answer, self._poured), stamp, len(answer))

    def finish(self, answer: str, sentence: str | None, describe: Callable[[NoteRef], DraftedNote]) -> DraftedNote:
        """The last words; whole, or with the `sentence` that says why it is a part. Durable when it returns.

        Raises Problem as `pour`, and `version_conflict` when something else saves the note all the time.
        """
        for _ in range(LOOKS):
            with self._drafts.hold(self.path):
                found = self._look()
                if found is not None:
                    document, stamp = found
                    grown = draft_block.grown(document, answer, self._poured)
                    content = draft_block.ended(grown, sentence)
                    if self._put(replace(grown, content=content), stamp, max(self._poured, len(answer))):
                        return self._drafts.settle(self, decode(self.path, grown.encoded(content)), describe)
            time.sleep(QUIET_S)
        raise Problem("version_conflict", f"{names.short(self.path)} is saved by something else all the time.")

    def discard(self) -> None:
        """Take away a note that holds nothing. One that somebody has written into stays."""
        with self._drafts.hold(self.path):
            folder = self._drafts.writer.folder
            if not self._poured and self._stamp is not None and folder.stamp(self.path) == self._stamp:
                folder.remove(self.path)
                self._drafts.index.drop(self.path)

    def open(self) -> "Draft":
        """Read the file, which is there. Raises Problem as `Writer.read`."""
        self._document, self._stamp, _ = self._drafts.writer.read(self.path)
        mark = self._document.block.meta.draft
        self._poured = mark.poured or 0 if mark is not None else 0
        return self

    @property
    def ended(self) -> bool:
        """Whether the note, when it was opened, had its end: whole, or a part."""
        assert self._document is not None, "opened"
        mark = self._document.block.meta.draft
        return mark is None or mark.status != "drafting"

    @property
    def partial(self) -> bool:
        """Whether its end was that it stays a part."""
        assert self._document is not None, "opened"
        mark = self._document.block.meta.draft
        return mark is not None and mark.status == "partial"

    def tell_again(self, describe: Callable[[NoteRef], DraftedNote]) -> DraftedNote:
        """What the command answers for a note that had its end before a kill kept it from saying so."""
        assert self._document is not None, "opened"
        return self._drafts.settle(self, self._document, describe)

    def _put(self, document: Document, stamp: Stamp, poured: int) -> bool:
        fresh = self._drafts.writer.swap(self.path, stamp, document.encoded(document.content), self.command)
        if fresh is None:
            return False
        self._document, self._stamp, self._poured = document, fresh, poured
        return True

    def _look(self) -> tuple[Document, Stamp] | None:
        """The draft as it is on the disk; None while it is not at rest. Finds it under another name too."""
        stamp = self._drafts.writer.folder.stamp(self.path)
        if stamp is None:
            self._look_elsewhere()
            return None
        self._missing = 0
        if stamp == self._stamp and self._document is not None:
            return self._document, stamp
        if stamp != self._restless:
            self._restless = stamp
            return None
        try:
            document, read, _ = self._drafts.writer.read(self.path)
        except Problem as error:
            if error.code != "unreadable_note":
                raise
            return self._begin_beside()
        if read != stamp:
            self._restless = read
            return None
        if not draft_block.is_ours(document, self.command, self.run):
            return self._begin_beside()
        assert document.block.meta.draft is not None, "it is ours"
        self._document, self._stamp, self._poured = document, stamp, document.block.meta.draft.poured or 0
        return document, stamp

    def _look_elsewhere(self) -> None:
        moved = self._drafts.index.by_command(self.command)
        if moved is not None and moved != self.path:
            self.path = moved  # its content is looked at next time
        else:
            self._missing += 1  # some programs take a file away for a moment when they save it
            if self._missing > 1:
                raise Problem("note_not_found", f"{names.short(self.path)} was taken away while it was being written.")

    def _begin_beside(self) -> tuple[Document, Stamp]:
        """A person has made the note their own: the whole answer goes into another one."""
        other = self._drafts.begin(self._source, self.command, self.run, numbered=True)
        self.path, self._document, self._stamp, self._poured = other.path, other._document, other._stamp, 0
        assert self._document is not None, "just begun"
        assert self._stamp is not None, "just begun"
        return self._document, self._stamp


class Drafts:
    """The drafts of a notes room."""

    def __init__(
        self,
        writer: Writer,
        paths: Paths,
        journal: Journal,
        index: Index,
        locks: Locks,
        ready: Callable[[], None],
        clock: Callable[[], int] = now_us,
    ) -> None:
        """`ready` finishes, once, what a kill left in the folder."""
        self.writer = writer
        self.index = index
        self._paths = paths
        self._journal = journal
        self._locks = locks
        self._ready = ready
        self._clock = clock

    def hold(self, path: str) -> AbstractContextManager[None]:
        """The note's lock among our own writers."""
        return self._locks.hold(names.key(path))

    def earlier(self, command: str) -> DraftedNote | None:
        """What this command answered, if it has ended before."""
        self._ready()
        change = self._journal.find(command)
        return DraftedNote.model_validate_json(change.outcome) if change is not None else None

    def find(self, source: DraftNote, command: str) -> Draft | None:
        """The draft that this command began before it was killed, wherever a person has put it since."""
        usual = names.join(names.folder_path(source.folder), names.file_name(source.title))
        # Its own place first: a copy that somebody made of it says the same of itself.
        for path in (self._paths.found(usual), self.index.by_command(command)):
            if path is None:
                continue
            try:
                document, _, _ = self.writer.read(path)
            except Problem:
                continue
            meta = document.block.meta
            if meta.command == command and meta.draft is not None:
                return Draft(self, command, meta.draft.run, path, source).open()
        return None

    def check(self, source: DraftNote) -> None:
        """Before anything is spent: raises Problem `name_taken`, `unsafe_name`, `outside_folder`."""
        folder = names.folder_path(source.folder)
        path = names.join(folder, names.file_name(source.title))
        if (there := self._paths.found(path)) is not None:
            raise Problem("name_taken", f"There is already a note {names.short(there)}; nothing was asked.", path=there)

    def begin(self, source: DraftNote, command: str, run: str, *, numbered: bool) -> Draft:
        """Make the note, empty still. Where its name is taken: under the next free one, if `numbered`.

        Raises Problem as `NotesRoom.create`.
        """
        folder = self._paths.made_folder(source.folder)
        path, title = names.join(folder, names.file_name(source.title)), names.display(source.title)
        tags = [tag for tag in dict.fromkeys(names.display(tag) for tag in source.tags) if tag]
        content = draft_block.opened(title, tags, to_timestamp(self._clock()), command, run)
        for number in range(1, MOST_NAMES):
            candidate = path if number == 1 else names.numbered(path, number)
            if self.writer.make(candidate, content, command) is not None:
                return Draft(self, command, run, candidate, source).open()
            if not numbered:
                break
        raise Problem("name_taken", f"There is already a note {names.short(path)}; it was not touched.", path=path)

    def settle(self, draft: Draft, document: Document, describe: Callable[[NoteRef], DraftedNote]) -> DraftedNote:
        """The draft has ended as `document`: make its name durable, and write down what the command answers."""
        self.writer.folder.sync(names.split(document.path)[0])
        if (stamp := self.writer.folder.stamp(document.path)) is not None:
            self.index.put(document, stamp)
        outcome = describe(document.ref(created=True))
        self._journal.record(
            Change(
                draft.command, "draft", "create", draft.command, document.path, document.title, self._clock(),
                after=document.digest, outcome=outcome.model_dump_json(exclude_none=True), applied=True,
            )
        )  # fmt: skip
        self._journal.flush()
        return outcome
