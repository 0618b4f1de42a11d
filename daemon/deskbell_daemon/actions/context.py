"""The contexts: what an action is given besides its arguments."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deskbell_daemon.link.runs import Runs
from deskbell_daemon.notes.room import NotesRoom
from deskbell_wire.errors import Problem

if TYPE_CHECKING:
    from deskbell_daemon.local_actions.catalogue import LocalActions


@dataclass(frozen=True, slots=True)
class Context:
    """For one command of an action that runs in a thread of the gate's, never on the event loop."""

    command_id: str
    open_notes: Callable[[], NotesRoom]

    @property
    def notes(self) -> NotesRoom:
        """The notes folder, opened if need be: what needs none works without. Blocks; raises Problem."""
        return self.open_notes()


@dataclass(frozen=True, slots=True)
class LiveContext:
    """For one command of an action that runs on the event loop: it can tell how far it is, and be stopped."""

    command_id: str
    tell: Callable[[str], None]
    """Takes one line about how far it is."""
    stopped: asyncio.Event
    """Set when the action is to end soon: it then raises `gate.performance.Stopped`."""
    local: "LocalActions"
    notes: Callable[[], NotesRoom]
    """Opens the notes folder if need be. Blocks; raises Problem."""
    runs: Runs
    restarting: Callable[[], bool]
    """Whether `stopped` is set because the daemon stops: what may be repeated is begun again at its next start."""


def no_notes() -> NotesRoom:
    """In the place of `notes`, where no folder is kept. Raises Problem."""
    raise Problem("unknown_action", "This daemon keeps no notes.")


def no_context(command_id: str) -> Context:
    """In the place of a Context, where none was given. Raises Problem."""
    raise Problem("internal", "This daemon was made without a context for its actions.")
