"""(a) From a publish request to the frame at the device: 1,000 open streams on 1,000 channels, 500 publishes a second.

Clock: the publisher stamps the request as it writes it, the receiver stamps the frame as it reads it; both on
`time.monotonic_ns`. The peers authenticate nobody and keep nothing; ours authenticates, limits and commits first.
"""

import time

from bench.alternate import alternate
from bench.disk import fdatasync_times
from bench.hub import Hub
from bench.hubs import HUBS
from bench.load.keepalive import paced
from bench.load.receiver import Frames, receiver
from bench.peers.nchan import Nchan
from bench.peers.nothing import NAME as FLOOR
from bench.peers.nothing import straight
from bench.report import OURS, Report, percentile
from bench.scale import Scale
from bench.scratch import disk

NAME = "delivery"
RATE = 500.0
P50 = "publish to frame, p50"
AFTER_COMMIT = "commit to frame, p50"
SYNC = "one fdatasync, p50"
DISK = "disk"


async def run(scale: Scale, report: Report) -> None:
    """Measure all hubs in turns, and hold ours against nchan and the disk."""
    count = int(RATE * scale.seconds)

    async def measure(hub: Hub) -> None:
        async with hub.running(scale.streams), receiver() as device:
            await device.open(hub.port, [hub.stream_request(channel) for channel in range(scale.streams)])
            requests = [hub.publish_request(channel) for channel in range(scale.streams)]
            await paced(hub.port, RATE, scale.streams, lambda n: requests[n])  # warm: each channel once
            await device.wait(scale.streams)
            await device.clear()
            outcome = await paced(hub.port, RATE, count, lambda n: requests[n % scale.streams])
            outcome.require(200, 201, 202)
            frames = await device.wait(count)
            commits = hub.commits()
        if commits:
            note_after_commit(report, hub.name, frames, commits)
        note_latencies(report, hub.name, frames)
        async with receiver() as device:
            note_latencies(report, FLOOR, await straight(device, RATE, count // 4))
        times = fdatasync_times(disk())
        report.add(NAME, SYNC, "µs", DISK, percentile(times, 0.5) * 1e6)

    await alternate(report, NAME, scale.repetitions, HUBS, measure)
    promise(report)


def promise(report: Report) -> None:
    """What the product owes: near nchan's speed, although it commits first."""
    nchan = report.median(NAME, P50, Nchan.name)
    sync = report.median(NAME, SYNC, DISK)
    most = 3 * nchan + 3 * sync if nchan and sync else None
    report.promise(
        NAME,
        "p50 in µs, at most three times nchan's and three times an fdatasync's together",
        report.median(NAME, P50, OURS),
        most,
        at_most=True,
    )
    report.promise(
        NAME,
        "p50 in µs from the commit on, at most three times nchan's",
        report.median(NAME, AFTER_COMMIT, OURS),
        3 * nchan if nchan else None,
        at_most=True,
    )


def note_after_commit(report: Report, subject: str, frames: Frames, commits: dict[int, int]) -> None:
    """From the commit (the relay's own hop time, wall clock) to the frame, in microseconds.

    Both clocks are read here once: Linux slews them alike, so that their distance holds for the seconds of a repetition.
    """
    ahead = time.time_ns() - time.monotonic_ns()
    micros = [
        (received + ahead) / 1000 - commits[mark]
        for mark, received in zip(frames.marks, frames.times, strict=True)
        if mark in commits
    ]
    report.add(NAME, AFTER_COMMIT, "µs", subject, percentile(micros, 0.5))


def note_latencies(report: Report, subject: str, frames: Frames) -> None:
    """The p50 and p99 of one repetition, in microseconds."""
    micros = [nanoseconds / 1000 for nanoseconds in frames.latencies()]
    report.add(NAME, P50, "µs", subject, percentile(micros, 0.5))
    report.add(NAME, "publish to frame, p99", "µs", subject, percentile(micros, 0.99))
