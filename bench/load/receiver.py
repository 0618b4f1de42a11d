"""The driver's end of the receiver process."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bench.process import child, stop


@dataclass(frozen=True, slots=True)
class Frames:
    """What arrived: `marks[i]` at `times[i]` (`time.monotonic_ns`) on stream number `streams[i]`."""

    marks: list[int]
    times: list[int]
    streams: list[int]

    def latencies(self) -> list[int]:
        """Nanoseconds from the stamp in the payload to the receipt, for marks that are times."""
        return [time - mark for mark, time in zip(self.marks, self.times, strict=True)]


@dataclass(frozen=True, slots=True)
class Opening:
    """When the opening began and when each stream's response head came (`time.monotonic_ns`)."""

    began: int
    opened_at: list[int]


class ReceiverProcess:
    """Sends an order, returns its answer."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def _order(self, do: str, **fields: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **fields}).encode() + b"\n")
        await self._process.stdin.drain()
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the receiver process ended while it did {do!r}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def open(self, port: int, requests: list[bytes], *, at_once: int = 200, timeout: float = 60) -> Opening:
        """Open a stream a request; RuntimeError when one is refused or missing."""
        texts = [request.decode("latin-1") for request in requests]
        answer = await self._order("open", port=port, requests=texts, at_once=at_once, timeout=timeout)
        if answer["opened"] != len(requests):
            raise RuntimeError(f"{answer['opened']} of {len(requests)} streams opened; refused: {answer['refused']}")
        return Opening(answer["began"], answer["opened_at"])

    async def wait(self, frames: int, *, timeout: float = 60) -> Frames:
        """Wait for so many frames since the last `clear`; RuntimeError when fewer came."""
        answer = await self._order("wait", frames=frames, timeout=timeout)
        if len(answer["marks"]) != frames:
            raise RuntimeError(f"{len(answer['marks'])} of {frames} frames arrived; {answer['refused']}")
        return Frames(answer["marks"], answer["times"], answer["streams"])

    async def clear(self) -> None:
        """Forget the frames seen so far."""
        await self._order("clear")

    async def cursors(self) -> list[str]:
        """Each stream's last event id."""
        ids: list[str] = (await self._order("cursors"))["ids"]
        return ids

    async def close(self) -> None:
        """Close every stream."""
        await self._order("close")


@asynccontextmanager
async def receiver() -> AsyncIterator[ReceiverProcess]:
    """A receiver process, ended at the end."""
    process = await child("-m", "bench.load.receiver_process", talks=True)
    try:
        yield ReceiverProcess(process)
    finally:
        await stop(process)
