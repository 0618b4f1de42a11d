"""The pace: one notice for each group in a while; what comes in between is gathered into the next."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")

PACE_S: Final = 10.0


class Pace(Generic[T]):
    """`show(group, items)` is called at once for the first items of a group, and then at most each `pace_s`."""

    def __init__(self, show: Callable[[str, list[T]], Awaitable[None]], pace_s: float = PACE_S) -> None:
        self._show = show
        self._pace_s = pace_s
        self._held: dict[str, list[T]] = {}
        self._tasks: dict[str, asyncio.Task[Any]] = {}

    async def offer(self, group: str, items: list[T]) -> None:
        if group in self._tasks:
            self._held.setdefault(group, []).extend(items)
            return
        self._tasks[group] = asyncio.create_task(self._keep(group))
        await self._show(group, items)

    def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()

    async def _keep(self, group: str) -> None:
        while True:
            await asyncio.sleep(self._pace_s)
            held = self._held.pop(group, [])
            if not held:
                del self._tasks[group]
                return
            await self._show(group, held)
