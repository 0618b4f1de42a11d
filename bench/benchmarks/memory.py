"""(e) What an idle stream costs the server: proportional set size between a first group of streams and a second.

The difference leaves out what the server weighs by itself and what it allocates once. The kernel's socket buffers are
outside any process and not counted, for nobody.
"""

import asyncio

from bench.alternate import alternate
from bench.hub import Hub
from bench.hubs import HUBS
from bench.load.receiver import receiver
from bench.process import memory_bytes
from bench.report import OURS, Report
from bench.scale import Scale

NAME = "memory"
SETTLING = 1.0
COST = "memory an idle stream"


async def run(scale: Scale, report: Report) -> None:
    """Measure all hubs in turns; each stream has a channel of its own."""
    first = scale.storm // 5

    async def measure(hub: Hub) -> None:
        async with hub.running(scale.storm), receiver() as device:
            requests = [hub.stream_request(channel) for channel in range(scale.storm)]
            await device.open(hub.port, requests[:first])
            await asyncio.sleep(SETTLING)
            before = memory_bytes(hub.pid)
            await device.open(hub.port, requests[first:])
            await asyncio.sleep(SETTLING)
            grown = memory_bytes(hub.pid) - before
        report.add(NAME, COST, "kB", hub.name, grown / (scale.storm - first) / 1024)

    await alternate(report, NAME, scale.repetitions, HUBS, measure)
    report.promise(NAME, "kB an idle stream", report.median(NAME, COST, OURS), 16, at_most=True)
