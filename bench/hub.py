"""What a server must offer to be measured: channels to publish on, and streams to read them from."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Hub(ABC):
    """A server in a process of its own, on 127.0.0.1:`port`, with channels numbered from 0.

    A publish request carries `mark.BLANK`, which the load stamps; the frame that comes out of the stream carries it on.
    """

    name: str
    port: int
    pid: int

    @abstractmethod
    def missing(self) -> str | None:
        """Why this hub cannot run on this machine, as a sentence, or None when it can."""

    @abstractmethod
    async def start(self, channels: int, streams_each: int = 1) -> None:
        """Start it, ready for so many channels with so many streams on each."""

    @abstractmethod
    async def stop(self) -> None:
        """End its processes and remove its files."""

    @abstractmethod
    def publish_request(self, channel: int) -> bytes:
        """The HTTP request that publishes one event on a channel, with a blank mark in it."""

    @abstractmethod
    def stream_request(self, channel: int, number: int = 0, cursor: str | None = None) -> bytes:
        """The HTTP request that opens the channel's stream `number`, after the event `cursor` when given."""

    def commits(self) -> dict[int, int]:
        """When each mark's event became durable, microseconds since the epoch; empty for a hub that keeps nothing."""
        return {}

    @asynccontextmanager
    async def running(self, channels: int, streams_each: int = 1) -> AsyncIterator[None]:
        """Started inside the block, stopped after it."""
        try:
            await self.start(channels, streams_each)
            yield
        finally:
            await self.stop()


def http(method: str, path: str, body: str | None = None, **headers: str) -> bytes:
    """The bytes of a request; header names are given with `_` for `-`."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {headers.pop('Host', '127.0.0.1')}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body is not None:
        lines.append(f"Content-Length: {len(body.encode())}")
    return ("\r\n".join(lines) + "\r\n\r\n" + (body or "")).encode()
