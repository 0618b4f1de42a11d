"""First-token overhead: how much later the first token is at the client than when it asks the provider itself.

One request in flight, on a kept connection, from a raw protocol; twice: a provider that answers at once, which shows every
microsecond, and one that thinks for 50 ms, as the quickest real ones do, while which a relay may do its own work.
"""

import asyncio
import contextlib
import time
from typing import cast

from bench.ai.cpu import cpu_seconds
from bench.ai.paced import Pace
from bench.ai.peers.direct import Direct
from bench.ai.peers.litellm import LiteLlm
from bench.ai.providers import paced
from bench.ai.scale import AiScale
from bench.ai.subject import AiSubject
from bench.ai.subjects import SUBJECTS
from bench.load.mark import PATTERN
from bench.report import OURS, Report, percentile

NAME = "first-token"
WAITS = (0.0, 0.05)
RATE = 50.0  # so that an answer's end does not fall into its beginning
MOST_MS = 2.0
SHARE = 0.2
COST = "CPU an answer of three tokens"
_LATEST_S = 30


class Asking(asyncio.Protocol):
    """One kept connection; each request's first token is stamped."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[int] | None = None
        self._buffer = b""
        self._first = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError(f"closed before the answer's end: {self._buffer[-500:]!r}"))

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        self._buffer += data
        if not self._first and PATTERN.search(self._buffer):
            self._first = now
        if self._answer is None or not self._buffer.endswith(b"0\r\n\r\n"):
            return
        if self._first:
            self._answer.set_result(self._first)
        else:
            self._answer.set_exception(RuntimeError(f"an answer without a token: {self._buffer[-500:]!r}"))

    async def ask(self, request: bytes) -> float:
        """Milliseconds from the request to the first token; returns at the answer's end."""
        self._buffer, self._first = b"", 0
        self._answer = asyncio.get_running_loop().create_future()
        began = time.monotonic_ns()
        self._transport.write(request)
        async with asyncio.timeout(_LATEST_S):
            return (await self._answer - began) / 1e6

    def close(self) -> None:
        """Close at once."""
        self._transport.abort()


async def first_tokens(port: int, request: bytes, count: int) -> list[float]:
    """Milliseconds to the first token, of so many answers one after the other."""
    loop = asyncio.get_running_loop()
    _, asking = await loop.create_connection(Asking, "127.0.0.1", port)
    try:
        return [await asking.ask(request) for _ in range(count)]
    finally:
        asking.close()


async def warm(subject: AiSubject) -> None:
    """Ask a few times: what is imported and compiled at the first answer is not what an answer costs."""
    await first_tokens(subject.port, subject.request(Pace(0, 3, 1000, 1).prompt), 5)


async def run(scale: AiScale, report: Report) -> None:
    """All subjects stand beside each other; they are asked in turns of twenty."""
    async with paced() as provider, contextlib.AsyncExitStack() as stack:
        subjects = [Direct(), *(subject for subject in SUBJECTS if subject.missing() is None)]
        for subject in subjects:
            await stack.enter_async_context(subject.running(provider))
            await warm(subject)
        for _ in range(scale.repetitions):
            for wait in WAITS:
                request = Pace(wait, 3, RATE, 1).prompt
                times: dict[str, list[float]] = {subject.name: [] for subject in subjects}
                spent = dict.fromkeys(times, 0.0)
                for _ in range(max(1, scale.asked // 20)):
                    for subject in subjects:
                        before = cpu_seconds(subject.pid) if subject.pid else 0
                        times[subject.name] += await first_tokens(subject.port, subject.request(request), 20)
                        spent[subject.name] += cpu_seconds(subject.pid) - before if subject.pid else 0
                note(report, wait, times, spent)
    promise(report)


def figure(wait: float, rank: str) -> str:
    """The figure's name."""
    return f"overhead, {'provider answers at once' if not wait else f'provider thinks {wait * 1000:g} ms'}, {rank}"


def note(report: Report, wait: float, times: dict[str, list[float]], spent: dict[str, float]) -> None:
    """One repetition's overheads, in milliseconds above the provider's own median, and CPU seconds spent."""
    direct = percentile(times.pop(Direct.name), 0.5)
    for name, values in times.items():
        report.add(NAME, figure(wait, "p50"), "ms", name, percentile(values, 0.5) - direct)
        report.add(NAME, figure(wait, "p99"), "ms", name, percentile(values, 0.99) - direct)
        if wait:
            report.add(NAME, COST, "ms", name, spent[name] / len(values) * 1e3)


def promise(report: Report) -> None:
    """At most 2 ms, and a fifth of LiteLLM's."""
    for wait in WAITS:
        ours = report.median(NAME, figure(wait, "p50"), OURS)
        theirs = report.median(NAME, figure(wait, "p50"), LiteLlm.name)
        report.promise(NAME, f"{figure(wait, 'p50')} in ms, at most {MOST_MS:g}", ours, MOST_MS, at_most=True)
        most = theirs * SHARE if theirs else None
        report.promise(NAME, f"{figure(wait, 'p50')} in ms, at most a fifth of LiteLLM's", ours, most, at_most=True)
