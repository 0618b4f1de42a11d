"""Performers that leave a trace on disk, for tests of the gate that must not depend on the notes folder."""

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from deskbell_wire.actions import BY_ID, Action
from deskbell_wire.errors import Problem
from deskbell_wire.notes import CreateNote, NoteList, NoteRef

# `note.trash` stands in for an action that may not be repeated and that asks.
CATALOGUE: Mapping[str, Action] = {
    **BY_ID,
    "note.trash": replace(BY_ID["note.trash"], repeatable=False, risk="act"),
}


class FileActions:
    """`create` makes a file named by the command's id (so it is safe to repeat) and appends a line to `trace`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trace = folder / "trace"
        self.release = threading.Event()
        self.release.set()
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def performers(self) -> dict[str, Callable[[Any, str], Any]]:
        return {
            "note.create": self.create,
            "note.list": self.listing,
            "note.trash": self.trash,
            "note.read": self.broken,
        }

    def done(self) -> list[str]:
        """`action id title`, in the order in which they happened."""
        return self.trace.read_text().splitlines() if self.trace.exists() else []

    def _note(self, action: str, command_id: str, what: str) -> None:
        handle = os.open(self.trace, os.O_APPEND | os.O_CREAT | os.O_WRONLY)
        os.write(handle, f"{action} {command_id} {what}\n".encode())
        os.close(handle)

    def create(self, arguments: CreateNote, command_id: str) -> NoteRef:
        self.release.wait(20)
        if arguments.title == "slow":
            time.sleep(0.05)
        if arguments.title == "taken":
            raise Problem("name_taken", "There is a note 'taken' already.")
        self._note("create", command_id, arguments.title)
        (self.folder / command_id).write_text(arguments.body)
        return NoteRef(
            path=f"{arguments.title}.md", title=arguments.title, version="0" * 16, characters=1, created=True
        )

    def listing(self, arguments: Any, command_id: str) -> NoteList:
        self._note("list", command_id, "")
        return NoteList(notes=[], total=0)

    def trash(self, arguments: Any, command_id: str) -> Any:
        self._note("trash", command_id, arguments.path)
        self.release.wait(20)
        from deskbell_wire.notes import TrashedNote

        return TrashedNote(path=arguments.path, title="t", trashed_as="t")

    def broken(self, arguments: Any, command_id: str) -> Any:
        raise ValueError("canary-note-text in an exception's message")
