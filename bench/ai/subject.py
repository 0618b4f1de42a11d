"""What a relay of answers must offer to be measured."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class AiSubject(ABC):
    """A server in a process of its own, on 127.0.0.1:`port`, which relays the answers of one OpenAI-compatible provider."""

    name: str
    port: int
    pid: int = 0
    """0: there is no process of its own."""

    def missing(self) -> str | None:
        """Why it cannot run on this machine, as a sentence, or None when it can."""
        return None

    @abstractmethod
    async def start(self, provider: str) -> None:
        """Start it before the provider at this address (up to `/v1`)."""

    @abstractmethod
    async def stop(self) -> None:
        """End its processes and remove its files."""

    @abstractmethod
    def request(self, prompt: str) -> bytes:
        """One HTTP request that asks, and is answered by the stream."""

    async def viewers(self, prompt: str, count: int) -> list[bytes]:
        """Start one answer; the requests by which so many viewers read it together. Empty where that cannot be."""
        return []

    @asynccontextmanager
    async def running(self, provider: str) -> AsyncIterator[None]:
        """Started inside the block, stopped after it."""
        try:
            await self.start(provider)
            yield
        finally:
            await self.stop()
