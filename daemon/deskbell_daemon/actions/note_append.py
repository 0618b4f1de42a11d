"""`note.append`: adds to a note."""

from deskbell_daemon.actions.context import Context
from deskbell_wire.notes import AppendNote, NoteRef


def perform(args: AppendNote, context: Context) -> NoteRef:
    """Raises Problem, as `NotesRoom.append` says."""
    return context.notes.append(args, context.command_id)
