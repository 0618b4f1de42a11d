"""The receiver's own process: holds the streams, obeys one JSON line at a time on stdin, answers on stdout.

A process of its own, so that the publisher's work does not delay the stamp on a received frame.
"""

import asyncio
import json
import sys
import time
from typing import Any

from bench.load.streams import Book, Stream, open_streams, settle
from bench.process import new_event_loop


class Receiver:
    """The commands, by name; each takes the line's other fields and returns the answer's."""

    def __init__(self) -> None:
        self._book = Book()
        self._streams: list[Stream] = []

    async def open(self, port: int, requests: list[str], at_once: int, timeout: float) -> dict[str, Any]:
        """Open one stream a request, beside those already open."""
        began = time.monotonic_ns()
        encoded = [request.encode("latin-1") for request in requests]
        opened = await open_streams(self._book, port, encoded, at_once, timeout)
        self._streams += opened
        return {
            "opened": self._book.opened,
            "refused": dict(self._book.refusals),
            "began": began,
            "opened_at": [stream.opened_at for stream in opened],
        }

    async def wait(self, frames: int, timeout: float) -> dict[str, Any]:
        """Wait until `frames` frames are in since the last clear, and return all of them."""
        book = self._book
        book.wanted_frames = frames
        await settle(book, timeout)
        return {
            "marks": book.marks.tolist(),
            "times": book.times.tolist(),
            "streams": book.streams.tolist(),
            "refused": dict(book.refusals),
        }

    async def clear(self) -> dict[str, Any]:
        """Forget the frames."""
        self._book.clear()
        return {}

    async def cursors(self) -> dict[str, Any]:
        """Each stream's last event id."""
        return {"ids": [stream.last_id.decode("latin-1") for stream in self._streams]}

    async def close(self) -> dict[str, Any]:
        """Close every stream."""
        for stream in self._streams:
            stream.close()
        self._streams.clear()
        return {}


async def main() -> None:
    """Serve until stdin ends."""
    receiver = Receiver()
    commands = {name: getattr(receiver, name) for name in ("open", "wait", "clear", "cursors", "close")}
    reader = asyncio.StreamReader(limit=1 << 28)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        order = json.loads(line)
        answer = await commands[order.pop("do")](**order)
        # A blocking write is right here: the driver waits for this line and nothing is being stamped.
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())
