"""The menu, as a pure function of the State: what stands in it, what each line does, and nothing about how it is drawn."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from deskbell_daemon.tray.model import Done, Request, State

Verb = Literal[
    "allow", "refuse", "admit", "deny", "show", "connect", "access", "undo", "notes", "settings", "pause", "resume", "panic",
    "hide", "quit",
]  # fmt: skip

MOST_SINGLE: Final = 5
"""More requests than this are shown in groups: a flood must not push the rest of the menu off the screen."""
MOST_GROUPS: Final = 6
MOST_APPROVALS: Final = 5
MOST_LAST: Final = 8


@dataclass(frozen=True, slots=True)
class Choice:
    """What a click means. It names its targets by id, so that a menu that is out of date can never hit another one."""

    verb: Verb
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One line. With `children` it opens a menu; with neither these nor an `action` it is a sentence."""

    label: str = ""
    action: Choice | None = None
    children: tuple["Item", ...] = ()
    enabled: bool = True
    checked: bool | None = None
    default: bool = False
    """What a click on the icon itself does, where a desktop has that."""
    separator: bool = False


SEPARATOR: Final = Item(separator=True)


def menu(state: State) -> tuple[Item, ...]:
    """All of the menu, from the top."""
    if not state.running:
        return (
            _sentence(state.sentence),
            *_notices(state),
            SEPARATOR,
            Item("Settings file", Choice("settings")),
            Item("Hide this icon", Choice("hide")),
        )
    paired = state.phase != "needs_pairing"
    return (
        Item(state.sentence, Choice("show"), default=True),
        *_notices(state),
        SEPARATOR,
        *_requests(state.requests),
        *_approvals(state),
        SEPARATOR,
        Item("Connect an assistant…", Choice("connect"), enabled=paired),
        Item("Approve a device…", Choice("access"), enabled=paired),
        Item("Last commands", children=_last(state.last), enabled=bool(state.last)),
        Item("Open the notes folder", Choice("notes")),
        SEPARATOR,
        Item("Pause: refuse everything", Choice("resume" if state.paused else "pause"), checked=state.paused),
        Item("Stop everything now", Choice("panic")),
        SEPARATOR,
        Item("Settings file", Choice("settings")),
        Item("Hide this icon", Choice("hide")),
        Item("Quit Deskbell", Choice("quit")),
    )


def _sentence(label: str) -> Item:
    return Item(label, enabled=False)


def _notices(state: State) -> Iterable[Item]:
    for text in (state.notice, state.problem):
        if text:
            yield _sentence(f"⚠ {text}")


def _requests(requests: Sequence[Request]) -> Iterable[Item]:
    if len(requests) <= MOST_SINGLE:
        yield from (_one(request) for request in requests)
        return
    groups: dict[str, list[Request]] = {}
    for request in requests:
        groups.setdefault(request.group, []).append(request)
    shown = list(groups.values())
    if len(shown) > MOST_GROUPS:
        shown = shown[: MOST_GROUPS - 1]
    yield from (_one(group[0]) if len(group) == 1 else _many(group) for group in shown)
    left = len(requests) - sum(len(group) for group in shown)
    if left:
        yield Item(f"… and {left} more", Choice("show"))


def _one(request: Request) -> Item:
    return Item(
        f"{request.assistant}: {request.title}",
        children=(
            _sentence(request.arguments or "without arguments"),
            SEPARATOR,
            Item("Allow once", Choice("allow", (request.id,))),
            Item("Refuse", Choice("refuse", (request.id,))),
            Item("Show…", Choice("show", (request.id,))),
        ),
    )


def _many(group: Sequence[Request]) -> Item:
    # No "allow all": what runs was seen by somebody.
    first = group[0]
    return Item(
        f"{len(group)} × {first.assistant}: {first.title}",
        children=(
            Item("Show…", Choice("show", (first.id,))),
            Item(f"Refuse all {len(group)}", Choice("refuse", tuple(request.id for request in group))),
        ),
    )


def _approvals(state: State) -> Iterable[Item]:
    for approval in state.approvals[:MOST_APPROVALS]:
        what = "a device" if approval.kind == "device" else "an assistant"
        # An extension on this laptop: what is to be seen is the number, and the menu can show that.
        same = Item(f"It shows {approval.digits} too: let it in", Choice("admit", (approval.id,)))
        yield Item(
            f"{approval.name} wants in, as {what}",
            # Letting somebody in needs the scopes in sight: the page shows them, a menu cannot.
            children=(
                _sentence(f"from {approval.host}"),
                SEPARATOR,
                *((same,) if approval.digits else ()),
                Item("Show…", Choice("access", (approval.id,))),
                Item("Refuse", Choice("deny", (approval.id,))),
            ),
        )
    if (left := len(state.approvals) - MOST_APPROVALS) > 0:
        yield Item(f"… and {left} more want in", Choice("access"))


def _last(commands: Sequence[Done]) -> tuple[Item, ...]:
    return tuple(
        Item(
            f"{_clock(done.at)}  {done.assistant}: {done.title}"
            + ("" if done.status == "done" else f" ({done.status})"),
            children=(Item("Undo", Choice("undo", (done.id,))),) if done.undoable else (),
            enabled=done.undoable,
        )
        for done in commands[:MOST_LAST]
    )


def _clock(instant: str) -> str:
    """`2026-11-24T20:15:00.000000Z` as this machine's 20:15."""
    try:
        return datetime.fromisoformat(instant).astimezone().strftime("%H:%M")
    except ValueError:
        return "--:--"
