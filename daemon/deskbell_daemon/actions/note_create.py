"""`note.create`: writes a new note."""

from deskbell_daemon.actions.context import Context
from deskbell_wire.notes import CreateNote, NoteRef


def perform(args: CreateNote, context: Context) -> NoteRef:
    """Raises Problem, as `NotesRoom.create` says."""
    return context.notes.create(args, context.command_id)
