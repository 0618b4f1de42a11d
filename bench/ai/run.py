"""`python bench/ai/run.py [--quick] [--json FILE] [--write FOLDER] [PART …]`: measure streamed answers.

Exit code 0 when everything was measured, whatever the figures; 1 when a part failed.
"""

import argparse
import asyncio
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.ai import first_token, many_streams, many_viewers
from bench.ai.scale import FULL, QUICK, AiScale
from bench.machine import machine
from bench.report import Report

PARTS: dict[str, Callable[[AiScale, Report], Awaitable[None]]] = {
    module.NAME: module.run for module in (first_token, many_streams, many_viewers)
}


async def measure(names: list[str], scale: AiScale, report: Report) -> bool:
    """Run the named parts one after the other; whether all of them ended well."""
    well = True
    for name in names:
        print(f"\n## {name}", flush=True)
        began = time.monotonic()
        try:
            await PARTS[name](scale, report)
        except Exception:  # noqa: BLE001 - whatever failed, the other parts are still worth their run
            well = False
            traceback.print_exc()
            report.note(name, "FAILED: the traceback stands in the output")
        print(report.table(name))
        print(f"\n{time.monotonic() - began:.0f} s", flush=True)
    return well


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description="Measure streamed AI answers, beside other ways and other relays.")
    parser.add_argument("part", nargs="*", help=f"all, when none is named: {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="small and short: proves that it works, measures little")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything here too")
    parser.add_argument("--repetitions", type=int, metavar="N", help="instead of the scale's own number")
    options = parser.parse_args()
    unknown = set(options.part) - set(PARTS)
    if unknown:
        parser.error(f"no part is called {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    scale = QUICK if options.quick else FULL
    if options.repetitions:
        scale = replace(scale, repetitions=options.repetitions)
    report = Report(machine())
    for key, value in report.machine.items():
        print(f"{key}: {value}")
    # asyncio's own loop, because it sends in `write`; uvloop sends at the end of the turn, after the stamp has aged.
    well = asyncio.run(measure(options.part or list(PARTS), scale, report))
    if options.json:
        report.write(options.json)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
