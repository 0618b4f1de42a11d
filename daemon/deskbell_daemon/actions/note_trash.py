"""`note.trash`: moves a note to the trash."""

from deskbell_daemon.actions.context import Context
from deskbell_wire.notes import TrashedNote, TrashNote


def perform(args: TrashNote, context: Context) -> TrashedNote:
    """Raises Problem, as `NotesRoom.trash` says."""
    return context.notes.trash(args, context.command_id)
