"""The notes room's face: the note operations, each done once per command id, however often it is asked for."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, Self, TypeVar

from pydantic import BaseModel

from deskbell_daemon.notes import front_matter, names, query, questions, recovery, trash
from deskbell_daemon.notes.change import Change, Kind
from deskbell_daemon.notes.document import Document
from deskbell_daemon.notes.draft import Drafts
from deskbell_daemon.notes.folder import Folder
from deskbell_daemon.notes.index import Index
from deskbell_daemon.notes.journal import Journal
from deskbell_daemon.notes.locks import Locks
from deskbell_daemon.notes.paths import Paths
from deskbell_daemon.notes.reader import excerpt
from deskbell_daemon.notes.undo import Undo
from deskbell_daemon.notes.versions import Versions
from deskbell_daemon.notes.watcher import Watcher
from deskbell_daemon.notes.writer import Writer
from deskbell_wire.clock import DAY, from_timestamp, now_us, to_timestamp
from deskbell_wire.errors import Problem
from deskbell_wire.notes import (
    AppendNote,
    CreateNote,
    EditNote,
    ListNotes,
    NoteHits,
    NoteList,
    NoteRef,
    NoteText,
    ReadNote,
    SearchNotes,
    TrashedNote,
    TrashNote,
    UndoneNote,
    UndoNote,
)

VERSIONS_PER_NOTE: Final = 50
VERSION_DAYS: Final = 90
PRUNE_EVERY: Final = 500
SCAN_WAIT_S: Final = 60.0

_Out = TypeVar("_Out", bound=BaseModel)


class NotesRoom:
    """Synchronous, for several threads; every operation raises only Problem."""

    def __init__(
        self, folder: Folder, state: Path, clock: Callable[[], int], versions_kept: int, days_kept: int
    ) -> None:
        self._clock = clock
        self._kept = (versions_kept, days_kept)
        self._folder = folder
        with ExitStack() as opened:
            self._journal = Journal(state / "notes-journal.sqlite3")
            opened.callback(self._journal.close)
            self._versions = Versions(folder)
            self._index = Index(folder, state / "notes-index.sqlite3")
            opened.callback(self._index.close)
            self._writer = Writer(folder, self._journal, self._versions, self._index)
            self._paths = Paths(folder, self._writer.listing)
            self._undo = Undo(self._writer, self._versions)
            self._locks = Locks()
            self.drafts = Drafts(
                self._writer, self._paths, self._journal, self._index, self._locks, self._settle, clock
            )
            self._opening = threading.Lock()
            self._settled = threading.Event()
            self._writes = 0
            self._unclean_since = self._journal.begin(clock())
            self._watcher = Watcher(self._index, str(folder.root))
            opened.callback(self._watcher.close)
            try:
                self._settle()
            except Problem as error:
                # A folder that cannot be written now can still be read; the first write tries again.
                if error.code not in ("folder_not_writable", "disk_full"):
                    raise
            opened.pop_all()

    @classmethod
    def open(
        cls,
        folder: Path,
        state: Path,
        *,
        clock: Callable[[], int] = now_us,
        versions_kept: int = VERSIONS_PER_NOTE,
        days_kept: int = VERSION_DAYS,
    ) -> Self:
        """`folder` holds the notes and must exist; `state` is the daemon's own and is made. Finishes what a kill left.

        Raises Problem `folder_not_writable`, `outside_folder`, `disk_full`.
        """
        try:
            state.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise Problem(
                "folder_not_writable", f"Deskbell's state folder cannot be made: {error.strerror}."
            ) from error
        opened = Folder(folder)
        try:
            return cls(opened, state, clock, versions_kept, days_kept)
        except BaseException:  # whatever it was: the folder is not left open, and it is raised on
            opened.close()
            raise

    def close(self) -> None:
        """Writes down what is pending. No operation may be running."""
        self._watcher.close()
        self._index.close()
        self._journal.close()
        self._folder.close()

    def create(self, args: CreateNote, command_id: str) -> NoteRef:
        """Raises Problem `name_taken`, `unsafe_name`, `outside_folder`, `disk_full`, `folder_not_writable`."""
        with self._once(command_id, NoteRef) as done:
            if done is not None:
                return done
            path = names.join(self._paths.made_folder(args.folder), names.file_name(args.title))
            return self._make(path, names.display(args.title), args.body, args.tags, "create", command_id)

    def append(self, args: AppendNote, command_id: str) -> NoteRef:
        """Raises Problem `note_not_found`, `heading_not_found`, `ambiguous_text`, `note_too_large` and those of `create`."""
        asked = names.note_path(args.path)
        with self._once(command_id, NoteRef) as done:
            if done is not None:
                return done
            path = self._paths.found(asked)
            if path is None:
                if not args.create:
                    raise Problem("note_not_found", f"There is no note {names.short(asked)}; set create to make it.")
                return self._make_by_append(asked, args, command_id)

            def compute(document: Document) -> bytes:
                return document.with_addition(args.text, args.heading)

            with self._locks.hold(names.key(path)):
                if (own := self._own(path, command_id, "append")) is not None:
                    return own
                return self._rewrite(path, compute, "append", command_id, again=True)

    def edit(self, args: EditNote, command_id: str) -> NoteRef:
        """Raises Problem `version_conflict`, `text_not_found`, `ambiguous_text`, `heading_not_found`, `note_not_found`."""
        asked = names.note_path(args.path)
        with self._once(command_id, NoteRef) as done:
            if done is not None:
                return done
            path = self._paths.existing(asked)

            with self._locks.hold(names.key(path)):
                return self._rewrite(path, lambda document: _edited(document, args), "edit", command_id, again=False)

    def preview(self, args: EditNote) -> tuple[str, str, str]:
        """The note's path, its text now, and its text after that edit; nothing is written. Raises Problem as `edit`."""
        path = self._paths.existing(names.note_path(args.path))
        document, _, data = self._writer.read(path)
        return path, data.decode(errors="replace"), _edited(document, args).decode(errors="replace")

    def read(self, args: ReadNote) -> NoteText:
        """Raises Problem `note_not_found`, `heading_not_found`, `unreadable_note`, `outside_folder`."""
        document, stamp, _ = self._writer.read(self._paths.existing(names.note_path(args.path)))
        return excerpt(document, stamp, args)

    def search(self, args: SearchNotes) -> NoteHits:
        """Raises Problem `note_not_found` for a folder that is not there; no query is an error."""
        within, wanted = self._within(args.folder, args.tag), query.parse(args.query)
        answer = self._index.question(
            lambda db: questions.search(db, wanted, within, args.limit), lambda answer: answer.rows
        )
        return questions.hits(answer)

    def list(self, args: ListNotes) -> NoteList:
        """Raises Problem `invalid_arguments` for a page token that is not ours, `note_not_found` for a missing folder."""
        within = self._within(args.folder, args.tag)
        answer = self._index.question(
            lambda db: questions.newest(db, within, args.limit, args.page), lambda answer: answer.rows
        )
        return questions.page(answer, args.limit, args.page)

    def trash(self, args: TrashNote, command_id: str) -> TrashedNote:
        """Raises Problem `note_not_found`, `version_conflict`, `disk_full`, `folder_not_writable`."""
        asked = names.note_path(args.path)
        with self._once(command_id, TrashedNote) as done:
            if done is not None:
                return done
            path = self._paths.existing(asked)
            with self._locks.hold(names.key(path)):
                title = self._trashable(path, args.version)
                outcome = TrashedNote(
                    path=path, title=title, trashed_as=trash.place(path, command_id).rpartition("/")[2]
                )
                change = self._change("trash", command_id, path, title)
                self._undo.to_trash(replace(change, outcome=outcome.model_dump_json()))
            return outcome

    def undo(self, args: UndoNote, command_id: str) -> UndoneNote:
        """Raises Problem `nothing_to_undo`, `version_conflict`, `note_not_found`, `name_taken`."""
        asked = names.note_path(args.path) if args.path is not None else None
        with self._once(command_id, UndoneNote) as done:
            if done is not None:
                return done
            change = self._undoable(asked, args.command_id)
            with self._locks.hold(names.key(change.path)):
                return self._undo.take_back(change, command_id, self._clock())

    @contextmanager
    def _once(self, command: str, output: type[_Out]) -> Iterator[_Out | None]:
        """Holds the command's lock, and gives what it answered before; None when it is new."""
        self._settle()
        with self._locks.hold(command):
            yield self._outcome(command, output)

    def _outcome(self, command: str, output: type[_Out]) -> _Out | None:
        """What this command answered, if it was done before."""
        change = self._journal.find(command)
        if change is not None and not change.applied and change.effect != "create":
            self._journal.flush()
            change = self._journal.find(command)
            if (
                change is not None
                and not change.applied
                and not recovery.settle_one(self._folder, self._journal, change)
            ):
                change = None
        return output.model_validate_json(change.outcome) if change is not None else None

    def _settle(self) -> None:
        """Once, before the first write: finishes what a kill left, and finds new notes that the journal missed."""
        if self._settled.is_set():
            return
        with self._opening:
            if self._settled.is_set():
                return
            self._writer.prepare()
            recovery.settle(self._folder, self._journal)
            if self._unclean_since is not None:
                self._watcher.scanned.wait(SCAN_WAIT_S)
                for path in self._index.made_since(to_timestamp(self._unclean_since)):
                    self._recover_created(path)
            self._prune()
            self._settled.set()

    def _recover_created(self, path: str) -> None:
        try:
            document, _, _ = self._writer.read(path)
        except Problem:
            return
        meta = document.block.meta
        if meta.command is None or (meta.draft is not None and meta.draft.status == "drafting"):
            return  # a draft is gone on with by its command
        if self._journal.find(meta.command) is not None:
            return
        try:
            at = from_timestamp(meta.created or "")
        except ValueError:
            at = self._clock()
        self._record(document, "draft" if meta.draft is not None else "create", meta.command, at)

    def _prune(self) -> None:
        per_note, days = self._kept
        before = self._clock() - days * DAY
        self._versions.prune(lambda: self._journal.prune(per_note, before))

    def _make(self, path: str, title: str, body: str, tags: Sequence[str], kind: Kind, command: str) -> NoteRef:
        at = self._clock()
        shown = [tag for tag in dict.fromkeys(names.display(tag) for tag in tags) if tag]
        content = front_matter.new_note(title, body, shown, to_timestamp(at), command)
        document = self._writer.make(path, content, command)
        if document is not None:
            return self._record(document, kind, command, at)
        there = self._paths.found(path) or path
        if (own := self._own(there, command, kind)) is not None:
            return own
        raise Problem("name_taken", f"There is already a note {names.short(there)}; it was not touched.", path=there)

    def _make_by_append(self, path: str, args: AppendNote, command: str) -> NoteRef:
        folder, name = names.split(path)
        title = names.display(name.rpartition(".")[0])
        text = f"## {args.heading.strip().lstrip('#').strip()}\n\n{args.text}" if args.heading else args.text
        safe = names.join(self._paths.made_folder(folder), names.file_name(title))
        return self._make(safe, title, text, [], "append", command)

    def _own(self, path: str, command: str, kind: Kind) -> NoteRef | None:
        """The answer for a note that this very command made before a kill kept it from saying so."""
        try:
            document, _, _ = self._writer.read(path)
        except Problem:
            return None
        return self._record(document, kind, command, self._clock()) if document.block.meta.command == command else None

    def _record(self, document: Document, kind: Kind, command: str, at: int) -> NoteRef:
        outcome = document.ref(created=True)
        change = Change(
            command, kind, "create", command, document.path, document.title, at,
            after=document.digest, outcome=outcome.model_dump_json(), applied=True,
        )  # fmt: skip
        self._journal.record(change)
        self._count_write()
        return outcome

    def _rewrite(
        self, path: str, compute: Callable[[Document], bytes], kind: Kind, command: str, *, again: bool
    ) -> NoteRef:
        def describe(_: Document, after: Document) -> Change:
            outcome = after.ref(created=False).model_dump_json()
            return replace(self._change(kind, command, path, after.title), outcome=outcome)

        document, _ = self._writer.rewrite(path, compute, describe, again=again)
        self._count_write()
        return document.ref(created=False)

    def _change(self, kind: Kind, command: str, path: str, title: str) -> Change:
        return Change(command, kind, "write", self._journal.note_at(path) or command, path, title, self._clock())

    def _count_write(self) -> None:
        self._writes += 1
        if self._writes % PRUNE_EVERY == 0:
            threading.Thread(target=self._prune, name="notes-prune", daemon=True).start()

    def _trashable(self, path: str, version: str | None) -> str:
        """The title of a note that may go to the trash. One that cannot be read may too, if no version is asked for."""
        try:
            document, _, _ = self._writer.read(path)
        except Problem as error:
            if error.code != "unreadable_note" or version is not None:
                raise
            return names.split(path)[1].rpartition(".")[0]
        if version is not None:
            document.require(version)
        return document.title

    def _undoable(self, path: str | None, command: str | None) -> Change:
        if command is None:
            change = self._journal.last(self._paths.found(path) or path if path is not None else None)
            if change is None:
                where = f" to {names.short(path)}" if path else ""
                raise Problem("nothing_to_undo", f"Deskbell has made no change{where} that could be undone.")
            return change
        self._journal.flush()
        change = self._journal.find(command)
        if change is None and (made := self._index.by_command(command)) is not None:
            # The journal was lost; the note itself still says who made it.
            self._recover_created(made)
            self._journal.flush()
            change = self._journal.find(command)
        if change is None:
            raise Problem("nothing_to_undo", f"The command {command} made no change to a note here.")
        if path is not None and names.key(path) != names.key(change.path):
            raise Problem(
                "nothing_to_undo", f"That command changed {names.short(change.path)}, not {names.short(path)}."
            )
        if change.undone_by:
            raise Problem(
                "nothing_to_undo", f"That is undone already, by {change.undone_by}; undo that to do it again."
            )
        return change

    def _within(self, folder: str, tag: str | None) -> questions.Within:
        found = self._paths.folder(folder)
        self._watcher.scanned.wait(SCAN_WAIT_S)
        return questions.Within(found, tag)


def _edited(document: Document, args: EditNote) -> bytes:
    """Raises Problem `version_conflict`, `text_not_found`, `ambiguous_text`, `heading_not_found`."""
    document.require(args.version)
    if args.heading is not None:
        return document.with_section(args.heading, args.replacement)
    return document.with_replaced(args.find or "", args.replacement)
