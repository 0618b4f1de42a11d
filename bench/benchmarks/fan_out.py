"""(d) One event to 1,000 streams of one channel: the server's CPU time for each delivery.

Events are 60 ms apart, so that the receiver has read one before the next is sent and no two share a segment.
"""

from bench.alternate import alternate
from bench.hub import Hub
from bench.hubs import HUBS
from bench.load.keepalive import paced
from bench.load.receiver import receiver
from bench.peers.nchan import Nchan
from bench.process import cpu_seconds
from bench.report import OURS, Report, percentile
from bench.scale import Scale

NAME = "fan-out"
RATE = 16.0
COST = "CPU a delivery"


async def run(scale: Scale, report: Report) -> None:
    """Measure all hubs in turns, and hold our CPU time against nchan's."""

    async def measure(hub: Hub) -> None:
        async with hub.running(1, scale.streams), receiver() as device:
            await device.open(hub.port, [hub.stream_request(0, number) for number in range(scale.streams)])
            request = hub.publish_request(0)
            await paced(hub.port, RATE, 5, lambda _: request)
            await device.wait(5 * scale.streams)
            await device.clear()
            before = cpu_seconds(hub.pid)
            outcome = await paced(hub.port, RATE, scale.events, lambda _: request)
            outcome.require(200, 201, 202)
            frames = await device.wait(scale.events * scale.streams)
            spent = cpu_seconds(hub.pid) - before
        deliveries = scale.events * scale.streams
        report.add(NAME, COST, "µs", hub.name, spent / deliveries * 1e6)
        report.add(NAME, "publish to the last stream's frame, p50", "ms", hub.name, slowest(frames.marks, frames.times))

    await alternate(report, NAME, scale.repetitions, HUBS, measure)
    report.promise(
        NAME,
        "CPU a delivery in µs, at most nchan's",
        report.median(NAME, COST, OURS),
        report.median(NAME, COST, Nchan.name),
        at_most=True,
    )


def slowest(marks: list[int], times: list[int]) -> float:
    """The median, over events, of the time until the last stream had it, in milliseconds."""
    last: dict[int, int] = {}
    for mark, time in zip(marks, times, strict=True):
        last[mark] = max(last.get(mark, 0), time)
    return percentile([(time - mark) / 1e6 for mark, time in last.items()], 0.5)
