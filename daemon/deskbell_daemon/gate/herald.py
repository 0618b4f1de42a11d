"""Says that something waits for the person: at once, and then no more than every few seconds for each assistant."""

import asyncio
from collections.abc import Callable
from typing import Any

Announce = Callable[[str, dict[str, Any]], None]

QUIET_S = 10.0
COUNT_S = 0.5


class Herald:
    """`request` is announced for the first of an assistant; those that follow in `QUIET_S` are announced as one.

    In between, `waiting` tells how many wait, for lists that are to be current.
    """

    def __init__(self, announce: Announce, waiting: Callable[[], list[str]]) -> None:
        """`waiting`: the ids of what waits now."""
        self._announce = announce
        self._waiting = waiting
        self._held: dict[str, list[dict[str, Any]]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._counting: asyncio.TimerHandle | None = None

    def request(self, grant_id: str, facts: dict[str, Any]) -> None:
        """`facts` with the `id` of the command."""
        if grant_id in self._timers:
            self._held.setdefault(grant_id, []).append(facts)
            if self._counting is None:
                self._counting = asyncio.get_running_loop().call_later(COUNT_S, self._count)
            return
        self._say(grant_id, {**facts, "more": 0})

    def close(self) -> None:
        for timer in [*self._timers.values(), *([self._counting] if self._counting else [])]:
            timer.cancel()
        self._timers.clear()

    def _say(self, grant_id: str, facts: dict[str, Any]) -> None:
        self._announce("request", facts)
        self._timers[grant_id] = asyncio.get_running_loop().call_later(QUIET_S, self._again, grant_id)

    def _again(self, grant_id: str) -> None:
        del self._timers[grant_id]
        there = set(self._waiting())
        held = [facts for facts in self._held.pop(grant_id, []) if facts["id"] in there]
        if held:
            self._say(grant_id, {**held[-1], "more": len(held) - 1})

    def _count(self) -> None:
        self._counting = None
        self._announce("waiting", {"waiting": len(self._waiting())})
