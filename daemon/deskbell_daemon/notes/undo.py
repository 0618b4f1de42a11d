"""Undo: takes back one change, by doing another that the journal records like any other."""

from dataclasses import replace

from deskbell_daemon.notes import trash
from deskbell_daemon.notes.change import Change
from deskbell_daemon.notes.document import Document
from deskbell_daemon.notes.names import numbered, short, split
from deskbell_daemon.notes.versions import Versions
from deskbell_daemon.notes.writer import Writer
from deskbell_wire.errors import Problem
from deskbell_wire.notes import UndoneNote


class Undo:
    """The three ways back. Raises only Problem."""

    def __init__(self, writer: Writer, versions: Versions) -> None:
        self._writer = writer
        self._versions = versions

    def take_back(self, change: Change, command: str, now: int) -> UndoneNote:
        """Takes `change` back on behalf of `command`."""
        blank = Change(command, "undo", "write", change.note, change.path, change.title, now, undoes=change.command)
        if change.effect == "write":
            return self._restore_version(change, blank)
        if change.effect == "create" or change.target == change.path:
            return self._to_trash(change, blank)
        return self._from_trash(change, blank)

    def _restore_version(self, change: Change, blank: Change) -> UndoneNote:
        if not change.before:
            raise Problem("nothing_to_undo", "The version before that change is no longer kept.")
        outcome = _outcome(change, change.path, change.title, "")

        def compute(document: Document) -> bytes:
            if document.digest != change.after:
                raise Problem(
                    "version_conflict",
                    f"{short(change.path)} was changed after that; undoing would lose what came later.",
                    next_step="Undo the later change first, or edit the note.",
                )
            return self._versions.get(change.before)

        def describe(_: Document, after: Document) -> Change:
            nonlocal outcome
            outcome = _outcome(change, change.path, after.title, after.version)
            return replace(blank, title=after.title, outcome=outcome.model_dump_json())

        self._writer.rewrite(change.path, compute, describe, again=False)
        return outcome

    def _to_trash(self, change: Change, blank: Change) -> UndoneNote:
        """A note that was made, or brought back, goes to the trash with all that was added since: nothing is lost."""
        document, _, _ = self._writer.read(change.path)
        if change.effect == "create" and document.block.meta.command != change.note and document.digest != change.after:
            raise Problem(
                "version_conflict",
                f"{short(change.path)} is no longer the note that this command made; trash it by name.",
            )
        outcome = _outcome(change, change.path, document.title, None)
        self.to_trash(replace(blank, title=document.title, outcome=outcome.model_dump_json()))
        return outcome

    def to_trash(self, change: Change) -> str:
        """Moves the note at `change.path` into the trash, its record first; where it is then."""
        self._writer.prepare()
        target = trash.place(change.path, change.command)
        trash.write_record(self._writer.folder, target, change.path, change.command, change.at)
        try:
            self._writer.move(replace(change, effect="move", source=change.path, target=target))
        except Problem:
            trash.remove_record(self._writer.folder, target)
            raise
        return target

    def _from_trash(self, change: Change, blank: Change) -> UndoneNote:
        # Undone and done again meanwhile, it lies where the last of these put it.
        trashed = self._writer.moved_to(change.note) or change.target
        document, _, _ = self._writer.read(trashed)
        self._make_folders(split(change.path)[0])
        for number in range(1, 1_000):
            path = change.path if number == 1 else numbered(change.path, number)
            with self._writer.listing.adding(path) as there:
                if there is not None:
                    continue
                named = replace(document, path=path)
                outcome = _outcome(change, path, named.title, document.version)
                self._writer.move(
                    replace(
                        blank, effect="move", path=path, title=named.title,
                        source=trashed, target=path, outcome=outcome.model_dump_json(),
                    )
                )  # fmt: skip
            trash.remove_record(self._writer.folder, trashed)
            return outcome
        raise Problem("name_taken", f"{short(change.path)} and 999 names like it are taken.")

    def _make_folders(self, path: str) -> None:
        made = ""
        for part in filter(None, path.split("/")):
            made = f"{made}/{part}" if made else part
            if self._writer.listing.find(made) is None:
                self._writer.folder.make_folder(made)


def _outcome(change: Change, path: str, title: str, version: str | None) -> UndoneNote:
    return UndoneNote(path=path, title=title, undone=change.kind, version=version)
