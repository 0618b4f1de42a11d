"""What a person reads of a request: the exact arguments, nothing hidden in them, bounded."""

import json
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from deskbell_daemon.cli.neutral import neutral
from deskbell_wire import clock

LONG_CHARACTERS: Final = 400
LONG_LINES: Final = 10
"""Above one of them a text is folded."""

MOST_CHARACTERS: Final = 120_000
"""Of one value."""

PAGE_CHARACTERS: Final = 400_000
"""Of all values on one page; a request that does not fit can be refused, and shown once others are answered."""

GROUPED: Final = 3
"""So many requests of the same kind are shown as one group."""


@dataclass(frozen=True, slots=True)
class Text:
    """A value, harmless to show. `left_out`: characters that are not shown."""

    name: str
    text: str
    characters: int
    lines: int
    left_out: int

    @property
    def long(self) -> bool:
        return self.characters > LONG_CHARACTERS or self.lines > LONG_LINES


@dataclass(frozen=True, slots=True)
class Shown:
    """A request on the page. `whole`: everything that was asked is there, so it can be allowed."""

    id: str
    title: str
    action: str
    risk: str
    assistant: str
    host: str
    asked: str
    expires: str
    note: str | None
    words: str
    values: list[Text]
    diff: list[tuple[str, str]]
    definition: str
    group: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Requests of one assistant for one thing, the first that came first."""

    first: Shown
    rest: list[Shown]


def text_of(name: str, value: Any) -> Text:
    """Strings as they are, everything else as JSON."""
    raw = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    kept = raw[:MOST_CHARACTERS]
    return Text(neutral(name), neutral(kept, lines=True), len(raw), raw.count("\n") + 1, len(raw) - len(kept))


def diff_rows(diff: str | None) -> list[tuple[str, str]]:
    """Each line with its kind: `add`, `del`, `at` or `same`."""
    if not diff:
        return []
    kinds = {"+": "add", "-": "del", "@": "at"}
    kept = diff[:MOST_CHARACTERS]
    rows = [(kinds.get(line[:1], "same"), neutral(line)) for line in kept.split("\n")]
    return rows if len(kept) == len(diff) else [*rows, ("at", f"… {len(diff) - len(kept):,} more characters")]


def local_time(instant: str | int) -> str:
    """An instant of the wire in this laptop's time: `14:05`, with the day when it is another."""
    us = clock.from_timestamp(instant) if isinstance(instant, str) else instant
    at, now = datetime.fromtimestamp(us / clock.SECOND).astimezone(), datetime.now().astimezone()
    return at.strftime("%H:%M") if at.date() == now.date() else at.strftime("%d %b %Y, %H:%M")


def shown(request: dict[str, Any], budget: int = PAGE_CHARACTERS) -> Shown:
    """One request of `/v1/requests`. What is larger than `budget` is left out."""
    size = len(json.dumps(request["arguments"])) + len(request.get("diff") or "")
    fits = size <= budget
    values = [text_of(name, value) for name, value in request["arguments"].items()] if fits else []
    return Shown(
        id=request["id"],
        title=neutral(request["title"]),
        action=neutral(request["action"]),
        risk=request["risk"],
        assistant=neutral(request["assistant"]["name"]),
        host=neutral(request["assistant"]["host"]),
        asked=local_time(request["asked_at"]),
        expires=local_time(request["expires_at"]),
        note=request["note"] and neutral(request["note"]),
        words=neutral(shlex.join(request["words"]))[:MOST_CHARACTERS] if fits else "",
        values=values,
        diff=diff_rows(request.get("diff")) if fits else [],
        definition=request["definition"],
        group=request["group"],
        whole=fits and not any(value.left_out for value in values),
    )


def groups(requests: Iterable[dict[str, Any]]) -> list[Group]:
    """In the order of asking; those of one kind together when there are many of them."""
    by_group: dict[str, list[Shown]] = {}
    left = PAGE_CHARACTERS
    for request in requests:
        seen = shown(request, left)
        left -= sum(len(value.text) for value in seen.values)
        by_group.setdefault(seen.group, []).append(seen)
    made: list[Group] = []
    for members in by_group.values():
        if len(members) >= GROUPED:
            made.append(Group(members[0], members[1:]))
        else:
            made += [Group(member, []) for member in members]
    return made
