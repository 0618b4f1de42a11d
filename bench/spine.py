"""What a whole path must offer to be measured: a request that ends in a note on disk."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


class Spine(ABC):
    """A relay and a device in processes of their own; the device writes into `notes`."""

    name: str
    port: int
    notes: Path

    @abstractmethod
    def missing(self) -> str | None:
        """Why it cannot run on this machine, as a sentence, or None when it can."""

    @abstractmethod
    async def start(self, notes: Path) -> None:
        """Start both, with the device's stream open."""

    @abstractmethod
    async def stop(self) -> None:
        """End both and remove their files, but not the notes."""

    @abstractmethod
    def request(self) -> bytes:
        """The assistant's request for one note; a blank mark in its title, so that each note is another one.

        It is answered with 200 once the note is written, synced, and its folder's entry too.
        """

    @asynccontextmanager
    async def running(self, notes: Path) -> AsyncIterator[None]:
        """Started inside the block, stopped after it."""
        try:
            await self.start(notes)
            yield
        finally:
            await self.stop()
