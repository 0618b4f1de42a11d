"""(b) The assistant's POST → a real daemon's note, written and synced → the response; 1, 8 and 32 in flight.

The peer has the same hops and the same synced file, and nothing else: no rights, no database, no ledger, no index.
"""

from bench.hubs import SPINES
from bench.load.keepalive import closed_loop
from bench.report import OURS, Report, percentile
from bench.scale import Scale
from bench.scratch import scratch_folder
from bench.spine import Spine

NAME = "round-trip"
IN_FLIGHT = (1, 8, 32)
EXPECTED_RATE = 100


async def run(scale: Scale, report: Report) -> None:
    """Measure in turns, and hold ours against 10 ms and 300 notes a second."""
    count = int(EXPECTED_RATE * scale.seconds)
    spines: list[Spine] = []
    for spine in SPINES:
        why = spine.missing()
        if why is None:
            spines.append(spine)
        else:
            report.note(NAME, f"{spine.name} was not measured: {why}")
    for _ in range(scale.repetitions):
        for spine in spines:
            with scratch_folder("notes") as notes:
                async with spine.running(notes):
                    request = spine.request()
                    await closed_loop(spine.port, 1, iter([request] * 20))
                    for lanes in IN_FLIGHT:
                        outcome = await closed_loop(spine.port, lanes, iter([request] * count))
                        outcome.require(200)
                        times = [nanoseconds / 1e6 for nanoseconds in outcome.latencies]
                        report.add(NAME, f"{lanes} in flight, p50", "ms", spine.name, percentile(times, 0.5))
                        report.add(NAME, f"{lanes} in flight, p99", "ms", spine.name, percentile(times, 0.99))
                        report.add(NAME, f"{lanes} in flight, rate", "1/s", spine.name, count / outcome.seconds)
                written = sum(1 for note in notes.rglob("*.md") if not note.relative_to(notes).parts[0].startswith("."))
                if written < 20 + count * len(IN_FLIGHT):
                    raise RuntimeError(f"{spine.name} answered for more notes than the {written} it wrote")
    report.promise(
        NAME,
        "one note at a time, p50 in milliseconds",
        report.median(NAME, "1 in flight, p50", OURS),
        10,
        at_most=True,
    )
    rates = [report.median(NAME, f"{lanes} in flight, rate", OURS) for lanes in IN_FLIGHT]
    best = max((rate for rate in rates if rate is not None), default=None)
    report.promise(NAME, "notes a second, at the best number in flight", best, 300, at_most=False)
