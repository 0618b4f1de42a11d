"""(g) The same command by both doors: what does MCP cost on top of the GPT Action door?

One relay and one daemon; rounds of each door in turn, one request in flight, each a note written and synced.
"""

from bench.load.keepalive import closed_loop
from bench.path import DeskbellPath
from bench.report import Report, percentile
from bench.scale import Scale
from bench.scratch import scratch_folder

NAME = "doors"
GPT = "GPT Action"
REVISIONS = ("2025-11-25", "2026-07-28")
ROUNDS = 5
EXPECTED_RATE = 50
MOST_MS = 3


async def run(scale: Scale, report: Report) -> None:
    """Measure in turns, and hold each revision's p50 against the GPT Action door's."""
    path = DeskbellPath()
    why = path.missing()
    if why is not None:
        report.note(NAME, f"not measured: {why}")
        return
    count = max(int(EXPECTED_RATE * scale.seconds / ROUNDS), 10)
    for _ in range(scale.repetitions):
        with scratch_folder("notes") as notes:
            async with path.running(notes):
                doors = {GPT: path.request()}
                doors |= {f"MCP {revision}": await path.tool_call(revision) for revision in REVISIONS}
                times: dict[str, list[float]] = {door: [] for door in doors}
                for number in range(ROUNDS + 1):
                    for door, request in doors.items():
                        outcome = await closed_loop(path.port, 1, iter([request] * count))
                        outcome.require(200)
                        if b'"done"' not in outcome.last_body:
                            raise RuntimeError(f"{door} answered {outcome.last_body[:300]!r}")
                        if number:  # the first round warms up
                            times[door] += [nanoseconds / 1e6 for nanoseconds in outcome.latencies]
                for door, found in times.items():
                    report.add(NAME, "one note, p50", "ms", door, percentile(found, 0.5))
                    report.add(NAME, "one note, p99", "ms", door, percentile(found, 0.99))
    base = report.median(NAME, "one note, p50", GPT)
    for revision in REVISIONS:
        mcp = report.median(NAME, "one note, p50", f"MCP {revision}")
        over = None if base is None or mcp is None else mcp - base
        report.promise(NAME, f"MCP {revision} above {GPT}, p50 in milliseconds", over, MOST_MS, at_most=True)
