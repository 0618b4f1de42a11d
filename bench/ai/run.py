"""`python bench/ai/run.py [--quick] [--json FILE] [--write FOLDER] [PART …]`: measure streamed answers.

Exit code 0 when everything was measured, whatever the figures; 1 when a part failed.
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.ai import first_token, many_streams, many_viewers, page, stop, transports
from bench.ai.scale import FULL, QUICK, AiScale
from bench.ai.transports import Journey
from bench.machine import machine
from bench.parts import measure
from bench.report import Report

LOADS: dict[str, Callable[[AiScale, Report], Awaitable[None]]] = {
    module.NAME: module.run for module in (first_token, many_streams, many_viewers, stop)
}
PARTS = (transports.NAME, *LOADS)


class Found:
    """What a run has found so far."""

    def __init__(self, scale: AiScale) -> None:
        self._scale = scale
        self.report = Report(machine())
        self.journeys: list[Journey] = []
        self.notes: list[str] = []

    async def measure(self, name: str) -> None:
        """Run one part."""
        if name == transports.NAME:
            self.journeys, self.notes = await transports.measured(self._scale)
        else:
            await LOADS[name](self._scale, self.report)

    def table(self, name: str) -> str:
        """What the part has found, in Markdown."""
        if name == transports.NAME and self.journeys:
            return "\n".join(["", page.ways_table(self.journeys), "", *(f"- {note}" for note in self.notes)])
        return self.report.table(name)


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description="Measure streamed AI answers, beside other ways and other relays.")
    parser.add_argument("part", nargs="*", help=f"all, when none is named: {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="small and short: proves that it works, measures little")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything here too")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="write the page and its plots there")
    parser.add_argument("--repetitions", type=int, metavar="N", help="instead of the scale's own number")
    options = parser.parse_args()
    unknown = set(options.part) - set(PARTS)
    if unknown:
        parser.error(f"no part is called {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    scale = QUICK if options.quick else FULL
    if options.repetitions:
        scale = replace(scale, repetitions=options.repetitions)
    found = Found(scale)
    for key, value in found.report.machine.items():
        print(f"{key}: {value}")
    # asyncio's own loop, because it sends in `write`; uvloop sends at the end of the turn, after the stamp has aged.
    well = asyncio.run(measure(options.part or PARTS, found.measure, found.table, found.report))
    if options.json:
        found.report.write(options.json)
    if options.write:
        size = f"{'Quick' if options.quick else 'Full'} run, {scale.repetitions} repetition(s)."
        page.write(options.write, found.report, found.journeys, found.notes, size)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
