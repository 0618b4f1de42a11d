"""A viewer of a run: what it has missed is read from the log, then frames are written to it as they are made."""

import asyncio
from typing import Final, Protocol

from aiohttp import web

from deskbell_relay.ai.dialects import Dialect
from deskbell_relay.delivery.open_response import OpenResponse

PAGE: Final = 500
"""Entries of the log written at once while a viewer catches up."""

STALL_S: Final = 30
"""A viewer that takes nothing for so long is given up; its cursor brings it back."""


class Log(Protocol):
    """What a viewer needs of a run's log."""

    @property
    def ended(self) -> bool: ...

    def frames(self, dialect: str) -> list[bytes]:
        """All frames so far, in that dialect; the list grows."""

    def join(self, viewer: "Viewer") -> None:
        """Write to the viewer from now on."""

    def leave(self, viewer: "Viewer") -> None: ...


class Viewer(OpenResponse):
    """A viewer's open response. `position` is the index of the next frame that it lacks."""

    __slots__ = ("dialect", "position")

    def __init__(
        self, dialect: Dialect, position: int, response: web.StreamResponse, transport: asyncio.Transport
    ) -> None:
        super().__init__(response, transport)
        self.dialect = dialect
        self.position = position

    def send(self, prepared: bytes, most_unread: int) -> None:
        """Write one prepared chunk; a viewer with more than `most_unread` bytes waiting is cut off."""
        if self.write(prepared) and self.unread > most_unread:
            self.abort()

    async def follow(self, log: Log) -> None:
        """Write the log from `position` to its end, as it grows. Raises TimeoutError when the viewer takes nothing.

        Between the last look at the log and joining it there is no `await`: so the seam has neither a hole nor a repeat.
        """
        frames = log.frames(self.dialect.name)
        while self.is_open and not self._transport.is_closing():
            if self.position < len(frames):
                page = frames[self.position : self.position + PAGE]
                async with asyncio.timeout(STALL_S):
                    await self.response.write(b"".join(page))
                self.position += len(page)
            elif log.ended:
                return
            else:
                log.join(self)
                try:
                    await self.closed()
                finally:
                    log.leave(self)
                return
