"""A shaping proxy: everything between a client and a server goes over a link of a given rate and round trip.

What is modelled: the rate of each direction, shared by all connections; half a round trip each way; one round trip to open a
connection; 40 bytes of TCP/IP header a segment of at most 1,460. What is not: loss, slow start, TLS, radio wake-up.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

SEGMENT: Final = 1460
HEADER: Final = 40
MOST_QUEUED: Final = 64_000
"""Bytes that wait at the link before it takes no more from the sender, as a router's buffer does."""


@dataclass(frozen=True, slots=True)
class Network:
    """`rate` in bits a second (0: no limit), `round_trip` in seconds."""

    name: str
    rate: float
    round_trip: float


CLEAN: Final = Network("clean", 0, 0)
SLOW_3G: Final = Network("slow 3G", 400_000, 0.4)


class Direction:
    """One way over the link: `down` to the client or `up` to the server. Counts the payload bytes that passed."""

    def __init__(self, network: Network) -> None:
        self.bytes = 0
        self._network = network
        self._free_at = 0.0

    def arrival(self, size: int, now: float) -> float:
        """When a segment of so many bytes that is sent now is at the other end (the loop's clock)."""
        self.bytes += size
        if not self._network.rate:
            return now + self._network.round_trip / 2
        self._free_at = max(now, self._free_at) + (size + HEADER) * 8 / self._network.rate
        return self._free_at + self._network.round_trip / 2


class Link:
    """The proxy's end of a network: its port, and both directions."""

    def __init__(self, network: Network, to_port: int) -> None:
        self.up = Direction(network)
        self.down = Direction(network)
        self.port = 0
        self._network = network
        self._to_port = to_port

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until both sides have closed theirs or one of them breaks."""
        await asyncio.sleep(self._network.round_trip)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        except ConnectionRefusedError:
            writer.transport.abort()
            return
        ways = [
            asyncio.create_task(_carry(reader, far_writer, self.up)),
            asyncio.create_task(_carry(far_reader, writer, self.down)),
        ]
        try:
            await asyncio.gather(*ways)
        except* ConnectionError:
            pass  # one side went; the other must see that too
        finally:
            for way in ways:
                way.cancel()
            writer.transport.abort()
            far_writer.transport.abort()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Direction) -> None:
    """Carry bytes from one socket to the other, each segment delivered when the link has carried it, in order."""
    loop = asyncio.get_running_loop()
    under_way: deque[tuple[float, bytes]] = deque()
    queued = 0
    changed = asyncio.Event()

    async def deliver() -> None:
        nonlocal queued
        while True:
            while not under_way:
                changed.clear()
                await changed.wait()
            due, segment = under_way[0]
            if due > loop.time():
                await asyncio.sleep(due - loop.time())
            under_way.popleft()
            queued -= len(segment)
            changed.set()
            if not segment:
                with contextlib.suppress(OSError):  # it may have closed meanwhile
                    writer.write_eof()
                return
            writer.write(segment)
            await writer.drain()

    async def take() -> None:
        nonlocal queued
        while True:
            data = await reader.read(MOST_QUEUED)
            for at in range(0, max(1, len(data)), SEGMENT):
                segment = data[at : at + SEGMENT]
                under_way.append((way.arrival(len(segment), loop.time()), segment))
                queued += len(segment)
            changed.set()
            if not data:
                return
            while queued > MOST_QUEUED:
                changed.clear()
                await changed.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(deliver())
        group.create_task(take())


@asynccontextmanager
async def shaped(network: Network, to_port: int) -> AsyncIterator[Link]:
    """A link to 127.0.0.1:`to_port`, with a port of its own, for as long as the block lasts."""
    link = Link(network, to_port)
    server = await asyncio.start_server(link.accept, "127.0.0.1", 0)
    link.port = server.sockets[0].getsockname()[1]
    try:
        yield link
    finally:
        server.close()
