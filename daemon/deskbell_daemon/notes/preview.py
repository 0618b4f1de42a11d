"""What an edit would change in a note as it is now, as a unified diff, for the person who is asked about it."""

import difflib
from typing import Any, Final

from pydantic import ValidationError

from deskbell_daemon.notes.room import NotesRoom
from deskbell_wire.errors import Problem
from deskbell_wire.notes import EditNote

MOST_LINES: Final = 400
"""Compared line by line, of each side: an edit has one place, and finding the best match takes the square of it."""

CONTEXT: Final = 3


def edit_diff(notes: NotesRoom, arguments: dict[str, Any]) -> str:
    """The diff, whole. Raises Problem as `NotesRoom.edit` would, `version_conflict` included."""
    try:
        args = EditNote.model_validate(arguments)
    except ValidationError as error:
        raise Problem("invalid_arguments", "The arguments do not fit the action.") from error
    path, before, after = notes.preview(args)
    return unified(path, before.splitlines(), after.splitlines())


def unified(path: str, before: list[str], after: list[str]) -> str:
    """A unified diff; where the changed part is too long to be compared, all of it goes and all of it comes."""
    start = _same(before, after)
    end = _same(before[start:][::-1], after[start:][::-1])
    changed = before[start : len(before) - end], after[start : len(after) - end]
    if max(len(changed[0]), len(changed[1])) <= MOST_LINES:
        first = max(0, start - CONTEXT)
        last = max(0, end - CONTEXT)
        there, then = before[first : len(before) - last], after[first : len(after) - last]
        rows = list(difflib.unified_diff(there, then, path, path, n=CONTEXT, lineterm=""))
        return "\n".join(_moved(row, first) for row in rows)
    head = f"@@ -{start + 1},{len(changed[0])} +{start + 1},{len(changed[1])} @@"
    rows = [f"-{line}" for line in changed[0]] + [f"+{line}" for line in changed[1]]
    return "\n".join([f"--- {path}", f"+++ {path}", head, *rows])


def _same(one: list[str], other: list[str]) -> int:
    """How many lines are the same from the beginning on."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _moved(row: str, by: int) -> str:
    """A hunk's head counts from the note's first line, not from the part that was compared."""
    if not row.startswith("@@ ") or not by:
        return row
    parts = row.split(" ")
    for index in (1, 2):
        sign, rest = parts[index][0], parts[index][1:]
        line, comma, count = rest.partition(",")
        parts[index] = f"{sign}{int(line) + by}{comma}{count}"
    return " ".join(parts)
