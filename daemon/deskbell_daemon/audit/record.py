"""One record of the audit log: a line of JSON that holds the hash of the line before it.

The hash is SHA-256 over the record without its `hash`, as canonical JSON (sorted keys, no spaces, ASCII): one content has
exactly one form, so whatever is changed in a line shows.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from deskbell_wire import clock

GENESIS: Final = "0" * 64
"""What the first record holds in the place of the hash before it."""

MOST_CHARACTERS: Final = 300
"""Of one text in a record."""

_OWN: Final = frozenset({"n", "at", "event", "before", "hash"})


@dataclass(frozen=True, slots=True)
class Record:
    """`n` counts 1, 2, 3 …; `facts` are what belongs to the event."""

    n: int
    at: str
    event: str
    before: str
    hash: str
    facts: dict[str, Any]

    def document(self) -> dict[str, Any]:
        """As it stands in its line."""
        return {"n": self.n, "at": self.at, "event": self.event, **self.facts, "before": self.before, "hash": self.hash}


def canonical(content: Any) -> str:
    """The one form of a JSON value."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest(content: Any) -> str:
    """SHA-256, in hex, of the canonical form."""
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def seal(n: int, at_us: int, event: str, facts: Mapping[str, Any], before: str) -> tuple[bytes, str]:
    """The line of a new record, with its line end, and its hash."""
    body = {name: _short(value) for name, value in facts.items() if value is not None and name not in _OWN}
    body |= {"n": n, "at": clock.to_timestamp(at_us), "event": event, "before": before}
    sealed = digest(body)
    return canonical(body | {"hash": sealed}).encode() + b"\n", sealed


def parse(line: bytes) -> Record:
    """The record of a line without its line end. Raises ValueError when it is not exactly what `seal` wrote."""
    try:
        body = json.loads(line)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(body, dict):
        raise ValueError("no JSON object")
    if canonical(body).encode() != line:
        raise ValueError("not in the form in which Deskbell writes")
    claimed = body.pop("hash", None)
    if claimed != digest(body):
        raise ValueError("its content does not fit its hash")
    n, at, event, before = (body.pop(name, None) for name in ("n", "at", "event", "before"))
    if not (type(n) is int and isinstance(at, str) and isinstance(event, str) and isinstance(before, str)):
        raise ValueError("it lacks its number, instant, event or the hash before it")
    return Record(n, at, event, before, str(claimed), body)


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= MOST_CHARACTERS else value[: MOST_CHARACTERS - 1] + "…"
    if isinstance(value, (list, tuple)):
        return [_short(item) for item in value[:100]]
    return value
