"""Thousands of open SSE streams in one process, each frame stamped as it is read.

The receiver looks for marks and ids in the bytes instead of decoding the standard to the letter (the project's decoder
does that and is tested for it): a client that costs more than the server would hide the server.
"""

import asyncio
import re
import time
from array import array
from collections import Counter
from typing import cast

from bench.load.mark import PATTERN

ID = re.compile(rb"^id: ?(.+)$", re.MULTILINE)


class Book:
    """What all streams of the process have seen since the last `clear`.

    `marks[i]` arrived at `times[i]` (`time.monotonic_ns`) on stream `streams[i]`.
    """

    def __init__(self) -> None:
        self.refusals: Counter[str] = Counter()
        self.opened = 0
        self.wanted_opened = 0
        self.wanted_frames = 0
        self.changed = asyncio.Event()
        self.clear()

    def clear(self) -> None:
        """Forget the frames, not the streams."""
        self.marks = array("q")
        self.times = array("q")
        self.streams = array("q")

    def settled(self) -> bool:
        """Whether as many streams are open (or refused) and as many frames in as somebody waits for."""
        answered = self.opened + self.refusals.total()
        return answered >= self.wanted_opened and len(self.marks) >= self.wanted_frames


class Stream(asyncio.Protocol):
    """One open stream. `last_id` is what the browser's EventSource would send as `Last-Event-ID`."""

    __slots__ = ("_book", "_head", "_number", "_request", "_tail", "_transport", "last_id", "opened_at")

    def __init__(self, book: Book, number: int, request: bytes) -> None:
        self._book = book
        self._number = number
        self._request = request
        self._head: bytes | None = b""
        self._tail = b""
        self._transport: asyncio.Transport | None = None
        self.last_id = b""
        self.opened_at = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._book.refusals[f"closed by the server: {exc}"] += 1
            self._book.changed.set()

    def close(self) -> None:
        """Close at once; not a refusal."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        if self._head is not None:
            self._head += data
            head, found, data = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            self._head = None
            status = head.partition(b"\r\n")[0].decode("latin-1")
            if " 200 " not in status:
                self._book.refusals[status] += 1
                self.close()
            else:
                self.opened_at = now
                self._book.opened += 1
            self._book.changed.set()
            if not data:
                return
        # CR goes, so that LF, CRLF and the chunk lines between events all end as blank lines.
        text = (self._tail + data).replace(b"\r", b"")
        complete, found, self._tail = text.rpartition(b"\n\n")
        if not found:
            return
        book = self._book
        for mark in PATTERN.findall(complete):
            book.marks.append(int(mark))
            book.times.append(now)
            book.streams.append(self._number)
        ids = ID.findall(complete)
        if ids:
            self.last_id = ids[-1]
        if len(book.marks) >= book.wanted_frames:
            book.changed.set()


async def settle(book: Book, timeout: float) -> bool:
    """Wait until `book.settled()`; False when it did not within `timeout` seconds."""
    try:
        async with asyncio.timeout(timeout):
            while not book.settled():
                book.changed.clear()
                await book.changed.wait()
    except TimeoutError:
        return False
    return True


async def open_streams(book: Book, port: int, requests: list[bytes], at_once: int, timeout: float) -> list[Stream]:
    """Open a stream for each request, `at_once` connects in the air, and wait for every response head."""
    loop = asyncio.get_running_loop()
    gate = asyncio.Semaphore(at_once)
    book.opened = 0
    book.refusals.clear()
    book.wanted_opened = len(requests)

    async def connect(number: int, request: bytes) -> Stream:
        async with gate:
            stream = Stream(book, number, request)
            await loop.create_connection(lambda: stream, "127.0.0.1", port)
            return stream

    streams = list(await asyncio.gather(*(connect(number, request) for number, request in enumerate(requests))))
    await settle(book, timeout)
    return streams
