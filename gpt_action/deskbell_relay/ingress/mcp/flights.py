"""The tool calls under way in this process, so that a client can take one back."""

import asyncio
import contextlib
import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from deskbell_relay.channel.bus import Abandoned, Hint

Key = tuple[str, str, str]


class Flights:
    """Finds a call by the grant, the session and the request id that its client gave it."""

    def __init__(self) -> None:
        self._tasks: defaultdict[Key, set[asyncio.Task[Any]]] = defaultdict(set)
        self._abandoned: set[asyncio.Task[Any]] = set()

    @contextlib.contextmanager
    def holding(self, key: Key, task: asyncio.Task[Any]) -> Iterator[None]:
        """While it runs, the call can be taken back: its task is cancelled."""
        self._tasks[key].add(task)
        try:
            yield
        finally:
            self._abandoned.discard(task)
            tasks = self._tasks[key]
            tasks.discard(task)
            if not tasks:
                del self._tasks[key]

    def was_abandoned(self, task: asyncio.Task[Any]) -> bool:
        """Whether the client took this call back, rather than went away."""
        return task in self._abandoned

    def hear(self, hint: Hint) -> None:
        """Take a hint of the bus."""
        if not isinstance(hint, Abandoned):
            return
        tasks = self._tasks.get((hint.grant_id, hint.session, hint.request_id), set())
        if len(tasks) == 1:  # of two with one name nobody can say which is meant
            task = next(iter(tasks))
            self._abandoned.add(task)
            task.cancel()


def spelled(request_id: object) -> str:
    """A JSON-RPC id as a key: 1 and "1" are two."""
    return json.dumps(request_id)
