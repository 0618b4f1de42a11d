"""The context: what an action is given besides its arguments."""

from dataclasses import dataclass

from deskbell_daemon.notes.room import NotesRoom


@dataclass(frozen=True, slots=True)
class Context:
    """For one command. Actions run in a thread of the gate's, never on the event loop."""

    command_id: str
    notes: NotesRoom
