"""(c) Commands accepted a second, each durable before its answer: one relay process, 64 requests in flight.

The devices are offline and the requests ask not to wait, so that an answer means: committed. Peers: how often the disk
syncs 4 kB, one after the other; and an aiohttp handler that keeps nothing.
"""

from bench.alternate import alternate
from bench.disk import fdatasync_times
from bench.hub import Hub
from bench.hubs import ACCEPTORS
from bench.load.keepalive import closed_loop
from bench.process import cpu_seconds
from bench.report import OURS, Report, percentile
from bench.scale import Scale
from bench.scratch import disk

NAME = "durable"
IN_FLIGHT = 64
ACCOUNTS = 100
EXPECTED_RATE = 3000


async def run(scale: Scale, report: Report) -> None:
    """Measure in turns, and hold our rate against the promise of 2,000 a second."""
    count = int(EXPECTED_RATE * scale.seconds)

    async def measure(hub: Hub) -> None:
        async with hub.running(ACCOUNTS):
            requests = [hub.publish_request(account) for account in range(ACCOUNTS)]
            await closed_loop(hub.port, IN_FLIGHT, iter(requests * 5))
            before = cpu_seconds(hub.pid)
            outcome = await closed_loop(hub.port, IN_FLIGHT, (requests[n % ACCOUNTS] for n in range(count)))
            outcome.require(202)
            spent = cpu_seconds(hub.pid) - before
        latencies = [nanoseconds / 1e6 for nanoseconds in outcome.latencies]
        report.add(NAME, "accepted", "1/s", hub.name, count / outcome.seconds)
        report.add(NAME, "answer, p50", "ms", hub.name, percentile(latencies, 0.5))
        report.add(NAME, "answer, p99", "ms", hub.name, percentile(latencies, 0.99))
        report.add(NAME, "CPU a command", "µs", hub.name, spent / count * 1e6)
        times = fdatasync_times(disk())
        report.add(NAME, "accepted", "1/s", "fdatasync, one by one", len(times) / sum(times))

    await alternate(report, NAME, scale.repetitions, ACCEPTORS, measure)
    report.promise(
        NAME, "durable commands a second, 64 in flight", report.median(NAME, "accepted", OURS), 2000, at_most=False
    )
