"""Streams of marked tokens under a steady pace: what a token costs, how late it is, how many come."""

import asyncio
import time
from dataclasses import dataclass

from bench.ai.cpu import cpu_seconds
from bench.ai.paced import Pace
from bench.load.receiver import Frames, ReceiverProcess, receiver
from bench.report import Report, percentile

RATE = 50.0
LEAD_S = 2.0
"""Between the first token and the window that is measured: connections and first tokens are not the steady cost."""

SPARE_S = 3.0
"""How much longer than the window an answer lasts: opening hundreds of streams takes its time."""

PATIENCE_S = 90.0

COST = "CPU a token"


@dataclass(frozen=True, slots=True)
class Load:
    """What happened in the window: CPU seconds, its length in seconds, and the lag in ms of each token that came in it."""

    cpu: float
    seconds: float
    lags: list[float]


def pace(seconds: float, wait: float = 0.5) -> Pace:
    """An answer long enough for a window of so many seconds, whose first token comes `wait` seconds after the question."""
    return Pace(wait, int(RATE * (wait + LEAD_S + seconds + SPARE_S)), RATE, 1)


async def measured(pid: int, port: int, requests: list[bytes], seconds: float, told: Pace) -> Load:
    """Open the streams, let them run in, measure for so many seconds, and see every token arrive."""
    async with receiver() as device:
        opening = asyncio.create_task(
            device.open(port, requests)
        )  # a relay that is behind answers late: not awaited here
        await asyncio.sleep(told.wait + LEAD_S)
        began, spent = time.monotonic_ns(), cpu_seconds(pid)
        await asyncio.sleep(seconds)
        spent, ended = cpu_seconds(pid) - spent, time.monotonic_ns()
        await opening
        frames = await all_frames(device, told.tokens * len(requests))
        lags = [(at - mark) / 1e6 for mark, at in zip(frames.marks, frames.times, strict=True) if began <= at <= ended]
    if not lags:
        raise RuntimeError(f"no token came in the {seconds:g} s that were measured: the machine is too busy for this")
    return Load(spent, (ended - began) / 1e9, lags)


async def all_frames(device: ReceiverProcess, count: int) -> Frames:
    """Every token of every stream: a relay that loses one is not measured."""
    return await device.wait(count, timeout=PATIENCE_S)


def note(report: Report, benchmark: str, subject: str, load: Load, cost: str = COST) -> None:
    """One repetition's figures."""
    report.add(benchmark, cost, "µs", subject, load.cpu / len(load.lags) * 1e6)
    report.add(benchmark, "tokens that came", "1/s", subject, len(load.lags) / load.seconds)
    report.add(benchmark, "lag behind the provider, p50", "ms", subject, percentile(load.lags, 0.5))
    report.add(benchmark, "lag behind the provider, p99", "ms", subject, percentile(load.lags, 0.99))
