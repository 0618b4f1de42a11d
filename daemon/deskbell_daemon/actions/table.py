"""The table of actions: adding one takes a file beside this one and a line here; a test holds it against the catalogue."""

from collections.abc import Callable, Mapping
from typing import Final

from deskbell_daemon.actions import (
    clipboard_write,
    desktop_notify,
    local_run,
    note_append,
    note_create,
    note_draft,
    note_edit,
    note_list,
    note_read,
    note_search,
    note_trash,
    note_undo,
)
from deskbell_daemon.actions.context import Context
from deskbell_daemon.gate.performance import AnyPerformer

PERFORMERS: Final[Mapping[str, AnyPerformer]] = {
    "clipboard.write": clipboard_write.perform,
    "desktop.notify": desktop_notify.perform,
    "local.run": local_run.perform,
    "note.append": note_append.perform,
    "note.create": note_create.perform,
    "note.draft": note_draft.perform,
    "note.edit": note_edit.perform,
    "note.list": note_list.perform,
    "note.read": note_read.perform,
    "note.search": note_search.perform,
    "note.trash": note_trash.perform,
    "note.undo": note_undo.perform,
}

NEEDS: Final[Mapping[str, Callable[[], bool]]] = {
    "clipboard.write": clipboard_write.available,
    "desktop.notify": desktop_notify.available,
}
"""Actions that need something of the desktop, and whether it is there."""


def available() -> Mapping[str, AnyPerformer]:
    """What works on this machine: what a device declares, so that nobody is promised more."""
    return {action: perform for action, perform in PERFORMERS.items() if action not in NEEDS or NEEDS[action]()}


__all__ = ["PERFORMERS", "Context", "available"]
