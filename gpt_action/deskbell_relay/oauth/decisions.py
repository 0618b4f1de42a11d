"""Wakes the pages that wait for a decision on the laptop. A hint only: whoever waits looks again by itself too."""

import asyncio
import contextlib
from collections import defaultdict


class Decisions:
    """Who waits for which request, in this process."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    def tell(self, request_id: str) -> None:
        """Something about the request has changed."""
        for event in self._waiting.get(request_id, ()):
            event.set()

    async def wait(self, request_id: str, seconds: float) -> None:
        """Return when the request has changed, or after `seconds`."""
        event = asyncio.Event()
        self._waiting[request_id].add(event)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await event.wait()
        finally:
            waiting = self._waiting[request_id]
            waiting.discard(event)
            if not waiting:
                del self._waiting[request_id]
