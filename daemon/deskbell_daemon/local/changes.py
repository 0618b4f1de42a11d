"""What changes in the daemon, told to whoever listens on the loopback API: the CLI, the tray, the extension."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

MAX_BEHIND = 200

Change = tuple[str, dict[str, Any]]


class Changes:
    """Listeners that fall behind are let go; they ask for the status again."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[Change | None]] = set()
        self._closed = False

    def announce(self, name: str, data: dict[str, Any]) -> None:
        """Tell all listeners, on the loop's thread."""
        for listener in list(self._listeners):
            if listener.qsize() >= MAX_BEHIND:
                self._let_go(listener)
            else:
                listener.put_nowait((name, data))

    @contextmanager
    def listen(self) -> "Iterator[asyncio.Queue[Change | None]]":
        """A queue of changes; None ends it."""
        queue: asyncio.Queue[Change | None] = asyncio.Queue()
        self._listeners.add(queue)
        if self._closed:
            queue.put_nowait(None)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)

    def close(self) -> None:
        self._closed = True
        for listener in list(self._listeners):
            self._let_go(listener)

    def _let_go(self, listener: "asyncio.Queue[Change | None]") -> None:
        self._listeners.discard(listener)
        listener.put_nowait(None)
