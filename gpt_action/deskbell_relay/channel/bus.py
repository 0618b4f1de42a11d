"""Tells the process that holds a stream or a waiting request that there is something new.

The bus carries hints only. Whoever misses one finds out when it looks again, so losing them all may delay and never
loses: the database is the truth.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from deskbell_relay.channel.log import Appended
from deskbell_wire.result import Progress, Result


@dataclass(frozen=True, slots=True)
class Grown:
    """An account's log has grown, up to `seq`. In the same process the new event comes along."""

    account_id: str
    seq: int
    appended: Appended | None = None
    durable_us: int = 0
    """When its commit was done, microseconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A command's state has changed for good. In the same process its result comes along."""

    command_id: str
    result: Result | None = None


@dataclass(frozen=True, slots=True)
class Advanced:
    """A device says how far a command is."""

    command_id: str
    progress: Progress


@dataclass(frozen=True, slots=True)
class Abandoned:
    """A client no longer wants the answer to one of its requests.

    Its id is unique within its session alone, and only the process that holds the request knows the command.
    """

    grant_id: str
    session: str
    request_id: str


@dataclass(frozen=True, slots=True)
class RosterChanged:
    """What the account's devices can do has changed."""

    account_id: str


@dataclass(frozen=True, slots=True)
class Revoked:
    """A device or a grant may no longer do anything: its id."""

    credential_id: str


Hint = Grown | Settled | Advanced | Abandoned | RosterChanged | Revoked


class Bus(Protocol):
    """Brings hints to every process of the relay, this one included, in the order of publishing."""

    def publish(self, hint: Hint) -> None:
        """Send `hint`; never waits, never fails."""

    def subscribe(self, listener: Callable[[Hint], None]) -> None:
        """Call `listener` with each hint; it must be quick and must not raise."""


class MemoryBus:
    """The bus of a relay that is one process."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Hint], None]] = []

    def publish(self, hint: Hint) -> None:
        for listener in self._listeners:
            listener(hint)

    def subscribe(self, listener: Callable[[Hint], None]) -> None:
        self._listeners.append(listener)
