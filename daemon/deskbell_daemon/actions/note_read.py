"""`note.read`: gives a note's text, in parts."""

from deskbell_daemon.actions.context import Context
from deskbell_wire.notes import NoteText, ReadNote


def perform(args: ReadNote, context: Context) -> NoteText:
    """Raises Problem, as `NotesRoom.read` says."""
    return context.notes.read(args)
