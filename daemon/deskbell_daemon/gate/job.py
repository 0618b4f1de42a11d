"""A command that has passed the checks, ready to be performed; and which two of them must not run side by side."""

from dataclasses import dataclass

from pydantic import BaseModel

from deskbell_daemon.settings import Rule
from deskbell_wire.actions import Action
from deskbell_wire.command import Command

_ORDERED = "note."
"""One area of actions with a state in common. Others (a page, a program) do not see each other's effects."""


_NEW = frozenset({"note.create", "note.draft"})


@dataclass(frozen=True, slots=True)
class Subject:
    """What a person is asked about, and what an answer is good for."""

    key: str
    """A consent holds for commands of the same key alone."""
    title: str
    rule: Rule | None = None
    """What the person wrote beside the definition of this very thing."""
    words: tuple[str, ...] = ()
    """What would be executed, for the person to see."""
    as_seen: bool = False
    """Whether it can change under a consent: then it is done only as the person saw it."""


@dataclass(frozen=True, slots=True)
class Job:
    """`started`: the ledger has it as started already. `expires_us`: by the relay's clock."""

    command: Command
    action: Action
    arguments: BaseModel
    expires_us: int
    rule: Rule
    subject: Subject
    started: bool = False

    @property
    def id(self) -> str:
        return self.command.id


def conflict(one: Job, other: Job) -> bool:
    """Whether the later of the two must wait for the earlier one: what was queued in order must happen in order.

    Reads go side by side, and so do new notes of different titles, drafted ones among them. Everything else in the
    notes waits: an undo or a path with other letters can touch what the one before it made.
    """
    if not (one.action.id.startswith(_ORDERED) and other.action.id.startswith(_ORDERED)):
        return False
    if one.action.risk == "read" and other.action.risk == "read":
        return False
    return not (one.action.id in _NEW and other.action.id in _NEW and _place(one) != _place(other))


def _place(job: Job) -> tuple[str, str]:
    arguments = job.arguments
    return str(getattr(arguments, "folder", "")).casefold(), str(getattr(arguments, "title", "")).casefold()
