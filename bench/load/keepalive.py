"""HTTP/1.1 requests over kept connections, each with one request in flight (RFC 9112, as much as the peers use).

It reads `Content-Length` and chunked bodies. It does not follow, retry or reconnect: an unexpected close fails the
request, because a benchmark that hides an error measures nothing.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

from bench.load.mark import stamp


@dataclass(frozen=True, slots=True)
class Response:
    """A status and its body."""

    status: int
    body: bytes


class Connection(asyncio.Protocol):
    """One connection; `send` may be called again once its answer has come."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Response] | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError(f"the server closed a connection in use: {exc}"))

    def send(self, request: bytes) -> asyncio.Future[Response]:
        """Write the request; the future holds the response."""
        if self._transport is None:
            raise ConnectionResetError("the server closed a kept connection")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def close(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        response = _parse(self._buffer)
        if response is not None and self._answer is not None:
            self._buffer = b""
            self._answer.set_result(response)


def _parse(data: bytes) -> Response | None:
    """The response in `data`, or None while it is incomplete."""
    head, found, body = data.partition(b"\r\n\r\n")
    if not found:
        return None
    status = int(head[9:12])
    lowered = head.lower()
    if b"transfer-encoding: chunked" in lowered:
        return Response(status, body) if body.endswith(b"0\r\n\r\n") else None
    at = lowered.find(b"content-length:")
    length = int(lowered[at + 15 :].partition(b"\r\n")[0]) if at >= 0 else 0
    return Response(status, body) if len(body) >= length else None


@asynccontextmanager
async def connections(port: int, count: int) -> AsyncIterator[list[Connection]]:
    """`count` open connections to 127.0.0.1:`port`, closed at the end."""
    loop = asyncio.get_running_loop()
    kept = [(await loop.create_connection(Connection, "127.0.0.1", port))[1] for _ in range(count)]
    try:
        yield kept
    finally:
        for connection in kept:
            connection.close()


@dataclass(slots=True)
class Outcome:
    """What a load did: each request's latency (nanoseconds), its status, and the whole duration (seconds)."""

    latencies: list[int] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    seconds: float = 0.0
    last_body: bytes = b""

    def count(self, response: Response, latency: int) -> None:
        """Add one answered request."""
        self.latencies.append(latency)
        self.statuses[response.status] = self.statuses.get(response.status, 0) + 1
        self.last_body = response.body

    def require(self, *allowed: int) -> None:
        """Raise RuntimeError when any status is not one of `allowed`."""
        odd = {status: n for status, n in self.statuses.items() if status not in allowed}
        if odd:
            raise RuntimeError(f"unexpected statuses {odd}; the last body was {self.last_body[:300]!r}")


async def closed_loop(port: int, in_flight: int, requests: Iterator[bytes]) -> Outcome:
    """Send every request, always `in_flight` of them at once, each as soon as one before it is answered."""
    outcome = Outcome()

    async def lane(connection: Connection) -> None:
        for request in requests:
            sent = time.monotonic_ns()
            response = await connection.send(stamp(request, sent))
            outcome.count(response, time.monotonic_ns() - sent)

    async with connections(port, in_flight) as kept:
        began = time.monotonic()
        await asyncio.gather(*(lane(connection) for connection in kept))
        outcome.seconds = time.monotonic() - began
    return outcome


async def paced(port: int, rate: float, count: int, request: Callable[[int], bytes], lanes: int = 64) -> Outcome:
    """Send `request(n)` for n below `count` at `rate` a second, whatever the answers take (an open loop).

    The stamp is taken before a free connection is waited for: when the server falls behind, the delay is in the figure.
    """
    outcome = Outcome()
    loop = asyncio.get_running_loop()
    async with connections(port, lanes) as kept:
        idle: asyncio.Queue[Connection] = asyncio.Queue()
        for connection in kept:
            idle.put_nowait(connection)

        async def answered(connection: Connection, answer: asyncio.Future[Response], sent: int) -> None:
            response = await answer
            outcome.count(response, time.monotonic_ns() - sent)
            idle.put_nowait(connection)

        began = loop.time()
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                delay = began + number / rate - loop.time()
                if delay > 0:
                    await asyncio.sleep(delay)
                sent = time.monotonic_ns()
                connection = idle.get_nowait() if not idle.empty() else await idle.get()
                answer = connection.send(stamp(request(number), sent))
                group.create_task(answered(connection, answer, sent))
        outcome.seconds = loop.time() - began
    return outcome
