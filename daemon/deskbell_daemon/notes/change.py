"""A change: one thing that one command did to one note, as the journal records it."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["create", "append", "edit", "draft", "trash", "undo"]
Effect = Literal["create", "write", "move"]


@dataclass(frozen=True, slots=True)
class Change:
    """`kind` is what was asked, `effect` what happens on the disk; undo has no effect of its own kind.

    - `create`: a new file at `path`.
    - `write`: the file at `path` went from digest `before` to digest `after`.
    - `move`: a file went from `source` to `target`, one of which is in the trash.
    """

    command: str
    kind: Kind
    effect: Effect
    note: str
    """The command that first touched this note: it stays the same when the note is restored to another path."""
    path: str
    title: str
    at: int
    """Microseconds since the epoch."""
    source: str = ""
    target: str = ""
    before: str = ""
    after: str = ""
    undoes: str = ""
    """The command that this one takes back."""
    undone_by: str = ""
    outcome: str = "{}"
    """What the command answered, as JSON, so that asked again it answers the same."""
    applied: bool = False
