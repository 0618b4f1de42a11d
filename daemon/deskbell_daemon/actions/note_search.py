"""`note.search`: finds notes by their words."""

from deskbell_daemon.actions.context import Context
from deskbell_wire.notes import NoteHits, SearchNotes


def perform(args: SearchNotes, context: Context) -> NoteHits:
    """Raises Problem, as `NotesRoom.search` says."""
    return context.notes.search(args)
