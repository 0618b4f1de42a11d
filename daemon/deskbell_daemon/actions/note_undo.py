"""`note.undo`: takes back what a command did to a note."""

from deskbell_daemon.actions.context import Context
from deskbell_wire.notes import UndoneNote, UndoNote


def perform(args: UndoNote, context: Context) -> UndoneNote:
    """Raises Problem, as `NotesRoom.undo` says."""
    return context.notes.undo(args, context.command_id)
