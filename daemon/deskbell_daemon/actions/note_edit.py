"""`note.edit`: changes one part of a note."""

from deskbell_daemon.actions.context import Context
from deskbell_wire.notes import EditNote, NoteRef


def perform(args: EditNote, context: Context) -> NoteRef:
    """Raises Problem, as `NotesRoom.edit` says."""
    return context.notes.edit(args, context.command_id)
