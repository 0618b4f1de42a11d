"""`note.list`: lists notes, the latest change first."""

from deskbell_daemon.actions.context import Context
from deskbell_wire.notes import ListNotes, NoteList


def perform(args: ListNotes, context: Context) -> NoteList:
    """Raises Problem, as `NotesRoom.list` says."""
    return context.notes.list(args)
