"""The notes folder as the daemon holds it: opened when it is needed, and kept apart from Deskbell's own files."""

import threading

import structlog
from pydantic import ValidationError

from deskbell_daemon.actions.context import Context
from deskbell_daemon.notes.names import addressable
from deskbell_daemon.notes.room import NotesRoom
from deskbell_daemon.places import Places
from deskbell_daemon.settings import Settings
from deskbell_wire.errors import Problem
from deskbell_wire.ids import new_id
from deskbell_wire.notes import UndoneNote, UndoNote

log = structlog.get_logger()


class NotesDesk:
    """Opens the notes folder when it is first needed, and again after a failure: a missing disk may come back."""

    def __init__(self, settings: Settings, places: Places) -> None:
        self._settings = settings
        self._places = places
        self._lock = threading.Lock()
        self._room: NotesRoom | None = None
        self.problem: Problem | None = None

    def context(self, command_id: str) -> Context:
        """The Context of one command; the folder is opened when the action needs it."""
        return Context(command_id, self.room)

    def undo(self, command_id: str) -> UndoneNote:
        """Take back what a command did to a note, for the person. Blocks; raises Problem, as `NotesRoom.undo` does."""
        try:
            asked = UndoNote(command_id=command_id)
        except ValidationError as error:
            raise Problem("malformed_request", f"{command_id[:60]!r} is no command's id.") from error
        return self.room().undo(asked, new_id("cmd"))

    def room(self) -> NotesRoom:
        """The open notes folder. Blocks; raises Problem when it cannot be opened."""
        with self._lock:
            if self._room is None:
                try:
                    self._check_apart()
                    self._make_default()
                    self._room = NotesRoom.open(self._settings.notes_folder, self._places.state_dir)
                    self.problem = None
                except Problem as problem:
                    self.problem = problem
                    raise
            return self._room

    def _check_apart(self) -> None:
        """Nobody who may write notes comes near the settings, the rules or the logs. Hidden folders are no notes' place."""
        folder = self._settings.notes_folder.resolve()
        for own in (self._places.config_file.parent.resolve(), self._places.state_dir.resolve()):
            within = own.relative_to(folder).parts if own.is_relative_to(folder) else None
            if folder.is_relative_to(own) or (within is not None and all(addressable(part) for part in within)):
                raise Problem(
                    "invalid_settings",
                    f"The notes folder {folder} and Deskbell's own files in {own} are not apart.",
                    next_step="Choose another folder as notes_folder in config.toml, one for notes alone.",
                )

    def _make_default(self) -> None:
        """Make Deskbell's own folder. One that the person named is never made: its disk may just not be mounted."""
        folder = self._settings.notes_folder
        if folder == self._places.default_notes:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise Problem(
                    "folder_not_writable", f"The notes folder {folder} cannot be made: {error.strerror}."
                ) from error

    def look(self) -> None:
        """Open the folder now, so that status and search know of it. Blocks."""
        try:
            self.room()
        except Problem as problem:
            log.warning("notes_not_open", code=problem.code)

    def close(self) -> None:
        with self._lock:
            if self._room is not None:
                self._room.close()
                self._room = None
