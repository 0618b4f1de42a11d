"""(f) 5,000 clients come back at once, each with a cursor 20 events behind: the time until all have caught up.

Every client has a channel of its own. It reads one event, leaves; 20 more are published; then all connect together with
`Last-Event-ID`. The order of each client's 20 events is checked: a hole or a repeat ends the benchmark.
"""

from collections import defaultdict

from bench.alternate import alternate
from bench.hub import Hub
from bench.hubs import HUBS
from bench.load.keepalive import closed_loop
from bench.load.mark import stamp
from bench.load.receiver import Frames, receiver
from bench.process import cpu_seconds
from bench.report import Report, percentile
from bench.scale import Scale

NAME = "storm"
BEHIND = 20
PATIENCE = 120.0
MOST_REPETITIONS = 3  # ours commits 105,000 events each time


async def run(scale: Scale, report: Report) -> None:
    """Measure all hubs in turns."""
    clients = range(scale.storm)

    async def measure(hub: Hub) -> None:
        async with hub.running(scale.storm), receiver() as device:
            publishes = [hub.publish_request(client) for client in clients]
            await device.open(hub.port, [hub.stream_request(client) for client in clients])
            await publish(hub, publishes, 0)
            await device.wait(scale.storm, timeout=PATIENCE)
            cursors = await device.cursors()
            await device.close()
            await device.clear()
            for number in range(1, BEHIND + 1):
                await publish(hub, publishes, number)
            returning = [hub.stream_request(client, cursor=cursors[client]) for client in clients]
            before = cpu_seconds(hub.pid)
            opening = await device.open(hub.port, returning, at_once=scale.storm, timeout=PATIENCE)
            frames = await device.wait(scale.storm * BEHIND, timeout=PATIENCE)
            spent = cpu_seconds(hub.pid) - before
        check_order(frames, scale.storm)
        done = caught_up(frames, opening.began)
        report.add(NAME, "all caught up", "s", hub.name, max(done))
        report.add(NAME, "half caught up", "s", hub.name, percentile(done, 0.5))
        report.add(NAME, "CPU a client", "µs", hub.name, spent / scale.storm * 1e6)

    await alternate(report, NAME, min(scale.repetitions, MOST_REPETITIONS), HUBS, measure)
    report.note(NAME, "every client's 20 events were checked: none missing, none twice, all in order")


async def publish(hub: Hub, requests: list[bytes], number: int) -> None:
    """One event with this number on every channel; in order, because the next number waits for all of this."""
    outcome = await closed_loop(hub.port, 32, iter([stamp(request, number) for request in requests]))
    outcome.require(200, 201, 202)


def check_order(frames: Frames, clients: int) -> None:
    """RuntimeError unless every client got 1, 2, … 20, each once and in order."""
    seen: defaultdict[int, list[int]] = defaultdict(list)
    for mark, stream in zip(frames.marks, frames.streams, strict=True):
        seen[stream].append(mark)
    wrong = [client for client in range(clients) if seen[client] != list(range(1, BEHIND + 1))]
    if wrong:
        raise RuntimeError(f"{len(wrong)} clients got holes, repeats or disorder; client {wrong[0]}: {seen[wrong[0]]}")


def caught_up(frames: Frames, began: int) -> list[float]:
    """Seconds from the first connect to each client's last event."""
    last: dict[int, int] = {}
    for time, stream in zip(frames.times, frames.streams, strict=True):
        last[stream] = max(last.get(stream, 0), time)
    return [(time - began) / 1e9 for time in last.values()]
