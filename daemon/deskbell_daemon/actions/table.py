"""The table of actions: adding one takes a file beside this one and a line here; a test holds it against the catalogue."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import BaseModel

from deskbell_daemon.actions import (
    note_append,
    note_create,
    note_edit,
    note_list,
    note_read,
    note_search,
    note_trash,
    note_undo,
)
from deskbell_daemon.actions.context import Context

Performer = Callable[[Any, Context], BaseModel]
"""Takes the catalogue's input model for its action, gives its output model; raises Problem. Blocking."""

PERFORMERS: Final[Mapping[str, Performer]] = {
    "note.append": note_append.perform,
    "note.create": note_create.perform,
    "note.edit": note_edit.perform,
    "note.list": note_list.perform,
    "note.read": note_read.perform,
    "note.search": note_search.perform,
    "note.trash": note_trash.perform,
    "note.undo": note_undo.perform,
}

__all__ = ["PERFORMERS", "Context", "Performer"]
