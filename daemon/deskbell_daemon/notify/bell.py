"""What is worth a notification, and its words: a request that waits, somebody who wants in, something that was done."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from deskbell_daemon.notify.notice import Notice, Notices, Press
from deskbell_daemon.notify.pace import PACE_S, Pace
from deskbell_daemon.tray.menu import Choice
from deskbell_daemon.tray.model import Approval, Done, Request, State, read_state

ASK_S: Final = 60
"""How long a question stays on the screen. It waits on after that: in the menu, on the page, in the terminal."""
TELL_S: Final = 12


class Bell:
    """Give it the daemon's documents whenever they change; it tells each thing once."""

    def __init__(self, notices: Notices, press: Press, pace_s: float = PACE_S) -> None:
        self._notices = notices
        self._press = press
        self._waiting: dict[str, Request] = {}
        self._letting: set[str] = set()
        self._on_screen: dict[str, set[str]] = {}
        """Key of a notice → ids of the requests that it asks about."""
        self._asking = Pace[str](self._ask, pace_s)
        self._telling = Pace[Done](self._tell, pace_s)

    def close(self) -> None:
        self._asking.close()
        self._telling.close()

    async def look(self, requests: Sequence[Mapping[str, Any]], approvals: Sequence[Mapping[str, Any]]) -> None:
        """What waits now. New ones are asked about; the questions that were answered elsewhere are taken away."""
        state = read_state({}, requests, approvals)
        grants = {str(item["id"]): str((item.get("assistant") or {}).get("grant_id", "")) for item in requests}
        before, self._waiting = self._waiting, {request.id: request for request in state.requests}
        for key, ids in list(self._on_screen.items()):
            if not ids & self._waiting.keys():
                del self._on_screen[key]
                await self._notices.withdraw(key)
        fresh: dict[str, list[str]] = {}
        for identity in self._waiting.keys() - before.keys():
            fresh.setdefault(grants[identity], []).append(identity)
        for grant, asked in fresh.items():
            await self._asking.offer(grant, sorted(asked))
        await self._let_in(state)

    async def tell(self, finished: Sequence[Mapping[str, Any]], commands: Sequence[Mapping[str, Any]]) -> None:
        """What has ended, as events; `commands` is the log, which knows who asked. The rule `notify` marks what is told."""
        ended = {str(event.get("id")) for event in finished if event.get("notify") and event.get("status") == "done"}
        # A notification that somebody had shown needs none about it.
        told = [item for item in commands if item["id"] in ended and item["action"] != "desktop.notify"]
        done: dict[str, list[Done]] = {}
        for entry, item in zip(read_state({}, commands=told).last, told, strict=True):
            done.setdefault(str(item.get("grant_id") or entry.assistant), []).append(entry)
        for group, entries in done.items():
            await self._telling.offer(group, entries)

    async def _ask(self, grant: str, ids: list[str]) -> None:
        waiting = [self._waiting[identity] for identity in ids if identity in self._waiting]
        if not waiting:
            return  # answered before their turn came
        key = f"ask {grant}"
        self._on_screen[key] = {request.id for request in waiting}
        await self._notices.show(question(key, waiting), self._press)

    async def _tell(self, group: str, done: list[Done]) -> None:
        await self._notices.show(report(f"did {group}", done), self._press)

    async def _let_in(self, state: State) -> None:
        there = {approval.id for approval in state.approvals}
        for identity in self._letting - there:
            await self._notices.withdraw(f"in {identity}")
        for approval in state.approvals:
            if approval.id not in self._letting:
                await self._notices.show(doorbell(approval), self._press)
        self._letting = there


def question(key: str, waiting: Sequence[Request]) -> Notice:
    """About one request, with its answers; about several, with the way to them."""
    first = waiting[0]
    if len(waiting) == 1:
        return Notice(
            key,
            f"{first.assistant} asks: {first.title}",
            first.arguments,
            (
                ("Allow once", Choice("allow", (first.id,))),
                ("Refuse", Choice("refuse", (first.id,))),
                ("Show", Choice("show", (first.id,))),
            ),
            Choice("show", (first.id,)),
            ASK_S,
        )
    every = tuple(request.id for request in waiting)
    titles = ", ".join(dict.fromkeys(request.title for request in waiting[:3]))
    return Notice(
        key,
        f"{first.assistant} asks {len(waiting)} things",
        f"{titles} …" if len(waiting) > 3 else titles,
        (("Show", Choice("show")), (f"Refuse all {len(waiting)}", Choice("refuse", every))),
        Choice("show"),
        ASK_S,
    )


def report(key: str, done: Sequence[Done]) -> Notice:
    """About what was done; what can be taken back has a button for it."""
    last = done[-1]
    if len(done) > 1:
        titles = ", ".join(dict.fromkeys(entry.title for entry in done))[:200]
        return Notice(
            key, f"{last.assistant} did {len(done)} things", titles, (("Show", Choice("show")),), seconds=TELL_S
        )
    undo = (("Undo", Choice("undo", (last.id,))),) if last.undoable else ()
    return Notice(key, f"{last.assistant} did: {last.title}", "", undo, Choice("show"), TELL_S)


def doorbell(approval: Approval) -> Notice:
    """About somebody who wants in. Yes is said on the page alone, with the scopes in sight."""
    what = "device" if approval.kind == "device" else "assistant"
    number = f", and must show {approval.digits}" if approval.digits else ""
    return Notice(
        f"in {approval.id}",
        f"A new {what} wants in: {approval.name}",
        f"from {approval.host}{number}",
        (("Show", Choice("access", (approval.id,))), ("Refuse", Choice("deny", (approval.id,)))),
        Choice("access", (approval.id,)),
        ASK_S,
    )
