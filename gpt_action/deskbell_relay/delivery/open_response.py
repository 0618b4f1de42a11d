"""A response that stays open, whose frames go straight to its socket."""

import asyncio

from aiohttp import web


class OpenResponse:
    """Prepared chunks are written to the transport itself: no task, queue or timer waits for each reader.

    Such writes know no backpressure. So whoever makes them looks at `unread`, and cuts off a reader that takes too little.
    """

    __slots__ = ("_closed", "_transport", "response")

    def __init__(self, response: web.StreamResponse, transport: asyncio.Transport) -> None:
        self.response = response
        self._transport = transport
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_open(self) -> bool:
        """Whether nobody has ended it yet."""
        return not self._closed.done()

    @property
    def unread(self) -> int:
        """How many bytes wait for the reader."""
        return self._transport.get_write_buffer_size()

    def write(self, prepared: bytes) -> bool:
        """Write one prepared chunk. False when nothing was written, because the reader has gone."""
        if self._transport.is_closing():
            self.end()
            return False
        self._transport.write(prepared)
        return True

    def abort(self) -> None:
        """Cut the connection without sending what still waits in its buffer."""
        self._transport.abort()
        self.end()

    def end(self) -> None:
        """Let the handler that holds this response finish."""
        if not self._closed.done():
            self._closed.set_result(None)

    async def closed(self) -> None:
        """Wait for the end."""
        await self._closed
