"""One open stream: where it stands in its account's log, and how a frame gets onto its socket."""

import asyncio
from collections.abc import Callable

from aiohttp import web


class Stream:
    """A device's open response.

    Live frames are written straight to the transport, as prepared chunks: no task, queue or timer waits for each
    stream. `position` is the number of the last event written; while `replaying`, live frames are only noted in
    `newest`, and the replay reads them from the log.
    """

    __slots__ = (
        "_begun",
        "_closed",
        "_transport",
        "account_id",
        "device_id",
        "newest",
        "position",
        "replaying",
        "response",
    )

    def __init__(
        self, account_id: str, device_id: str, position: int, response: web.StreamResponse, transport: asyncio.Transport
    ) -> None:
        self.account_id = account_id
        self.device_id = device_id
        self.position = position
        self.newest = position
        self.replaying = True
        self.response = response
        self._transport = transport
        self._begun = False
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_open(self) -> bool:
        """Whether frames can still be written."""
        return not self._closed.done()

    def begin(self) -> None:
        """The response's head is on the wire: from now on chunks may follow."""
        self._begun = True

    def write(self, prepared: bytes) -> bool:
        """Write one prepared chunk. False when nothing was written: it has not begun, or the device has gone."""
        if not self._begun:
            return False
        if self._transport.is_closing():
            self.end()
            return False
        self._transport.write(prepared)
        return True

    @property
    def unread(self) -> int:
        """How many bytes wait for the reader."""
        return self._transport.get_write_buffer_size()

    def abort(self) -> None:
        """Cut the connection without sending what still waits in its buffer."""
        self._transport.abort()
        self.end()

    def end(self) -> None:
        """Let the handler that holds this stream finish."""
        if not self._closed.done():
            self._closed.set_result(None)

    def when_closed(self, callback: Callable[[object], None]) -> None:
        """Call `callback` once the stream has ended."""
        self._closed.add_done_callback(callback)

    async def closed(self) -> None:
        """Wait for the end."""
        await self._closed
