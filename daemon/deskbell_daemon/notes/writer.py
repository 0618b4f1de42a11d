"""The writer: the three effects that a change can have on the disk, each in an order that a kill cannot break.

- `make`: content synced under a temporary name → linked to its own name, which must be free → folder synced. Two syncs.
- `rewrite`: new content synced → version before synced → intent durable → renamed → folder synced.
- `move`: intent durable → linked to the new name, unlinked from the old → both folders synced.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from deskbell_daemon.notes import recovery
from deskbell_daemon.notes.change import Change
from deskbell_daemon.notes.document import Document, decode, digest
from deskbell_daemon.notes.folder import MAX_FILE_BYTES, Folder, Stamp
from deskbell_daemon.notes.index import Index
from deskbell_daemon.notes.journal import Journal
from deskbell_daemon.notes.listing import Listing
from deskbell_daemon.notes.names import short, split
from deskbell_daemon.notes.versions import Versions
from deskbell_wire.errors import Problem

TRIES: Final = 5
"""How often an append starts again because a person saved the note in that very moment."""


class Writer:
    """Raises only Problem."""

    def __init__(self, folder: Folder, journal: Journal, versions: Versions, index: Index) -> None:
        self.folder = folder
        self.listing = Listing(folder)
        self._journal = journal
        self._versions = versions
        self._index = index
        self._prepared = False

    def prepare(self) -> None:
        """Makes our own folders, once. Raises Problem where the notes folder cannot be written."""
        if not self._prepared:
            try:
                recovery.prepare(self.folder)
            except FileNotFoundError as error:
                raise _gone(self.folder) from error
            self._prepared = True

    def moved_to(self, note: str) -> str | None:
        """Where the note was last moved to; None when it never was."""
        return self._journal.moved_to(note)

    def read(self, path: str) -> tuple[Document, Stamp, bytes]:
        """Raises Problem `note_not_found`, `unreadable_note`, `outside_folder`."""
        try:
            data, stamp = self.folder.read(path)
        except FileNotFoundError as error:
            raise Problem("note_not_found", f"There is no note {short(path)}.") from error
        return decode(path, data), stamp, data

    def make(self, path: str, content: str, command: str) -> Document | None:
        """Makes the note; None when the name is taken, in any case or Unicode form."""
        data = content.encode()
        with self._waiting(command, data, None) as waiting:
            try:
                with self.listing.adding(path) as there:
                    if there is None:
                        self.folder.move(waiting, path)
            except FileExistsError:
                # Not in the listing and yet there: made this moment, or a link, or a special file.
                there = path
            if there is not None:
                self.folder.remove(waiting)
                return None
            self.folder.sync(split(path)[0])
        document = decode(path, data)
        if stamp := self.folder.stamp(path):
            self._index.put(document, stamp)
        return document

    def rewrite(
        self,
        path: str,
        compute: Callable[[Document], bytes],
        change: Callable[[Document, Document], Change],
        *,
        again: bool,
    ) -> tuple[Document, Change | None]:
        """Puts `compute`'s bytes in the place of the note. `change` describes it, from the document before and after.

        A note that a person saves meanwhile is read again (`again`) or refused with `version_conflict`. No change: None.
        """
        for _ in range(TRIES):
            document, stamp, data = self.read(path)
            new = compute(document)
            if new == data:
                return document, None
            after = decode(path, new)
            wanted = replace(change(document, after), before=document.digest, after=digest(new))
            with self._waiting(wanted.command, new, stamp.mode) as waiting, self._versions.kept(document.digest, data):
                self._journal.intend(wanted)
                renamed = self._swap(waiting, path, stamp, wanted)
            if renamed:
                self.folder.sync(split(path)[0])
                self._journal.apply(wanted)
                if fresh := self.folder.stamp(path):
                    self._index.put(after, fresh)
                return after, wanted
            if not again:
                break
        raise Problem(
            "version_conflict", f"{short(path)} was changed on the laptop in this moment; nothing was written."
        )

    def swap(self, path: str, stamp: Stamp, data: bytes, command: str) -> Stamp | None:
        """Puts `data` in the place of a note that grows, if that is still what was read; keeps no version, undoes nothing.

        What the file is then; None when somebody has saved it meanwhile. Raises Problem.
        """
        with self._waiting(command, data, stamp.mode) as waiting:
            fresh = self.folder.stamp(waiting)
            if fresh is not None and self.folder.stamp(path) == stamp:
                self.folder.replace(waiting, path)
                return fresh
            self.folder.remove(waiting)
        return None

    def move(self, change: Change) -> None:
        """Moves a note into the trash or out of it. Raises Problem `name_taken` when the new name is not free."""
        self.prepare()
        self._journal.intend(change)
        try:
            self.folder.move(change.source, change.target)
        except (FileExistsError, FileNotFoundError, Problem) as error:
            self._journal.retract(change.command)
            if isinstance(error, FileExistsError):
                raise Problem(
                    "name_taken", f"{short(change.target)} is taken on the disk; nothing was moved."
                ) from error
            if isinstance(error, FileNotFoundError):
                raise Problem("note_not_found", f"{short(change.source)} is no longer there.") from error
            raise
        for parent in {split(change.source)[0], split(change.target)[0]}:
            self.folder.sync(parent)
        self._journal.apply(change)
        self._index.drop(change.path)
        if change.target == change.path and (stamp := self.folder.stamp(change.path)):
            self._index.put(self.read(change.path)[0], stamp)

    def _swap(self, waiting: str, path: str, stamp: Stamp, change: Change) -> bool:
        """The rename, if the note is still what was read. When it does not happen, the journal says so before we go on."""
        try:
            if self.folder.stamp(path) == stamp:
                self.folder.replace(waiting, path)
                return True
        except (Problem, FileNotFoundError):
            self._journal.retract(change.command)
            raise
        self._journal.retract(change.command)
        self.folder.remove(waiting)
        return False

    @contextmanager
    def _waiting(self, command: str, data: bytes, mode: int | None) -> Iterator[str]:
        """The path where `data` waits to be renamed; taken away when what follows fails.

        Raises Problem `note_too_large`, `folder_not_writable`, `disk_full`.
        """
        if len(data) > MAX_FILE_BYTES:
            raise Problem("note_too_large", f"The note would have {len(data):,} bytes; {MAX_FILE_BYTES:,} is the most.")
        self.prepare()
        waiting = recovery.temp(command)
        try:
            try:
                self.folder.write(waiting, data, mode)
            except FileExistsError:
                # Left by an earlier try of this very command, whose locks we hold now.
                self.folder.remove(waiting)
                self.folder.write(waiting, data, mode)
            yield waiting
        except FileNotFoundError as error:
            self._prepared = False
            self.folder.remove(waiting)
            raise _gone(self.folder) from error
        except Problem:
            self.folder.remove(waiting)
            raise


def _gone(folder: Folder) -> Problem:
    return Problem("folder_not_writable", f"The notes folder {short(str(folder.root))} or a part of it is gone.")
