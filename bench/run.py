"""`python bench/run.py [--quick] [--json FILE] [BENCHMARK …]`: measure Deskbell beside its peers, print the ratios.

Exit code 0 when everything was measured, whatever the figures; 1 when a benchmark failed.
"""

import argparse
import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.benchmarks.table import BENCHMARKS
from bench.machine import machine
from bench.parts import measure
from bench.report import Report
from bench.scale import FULL, QUICK, SHORT


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description="Measure Deskbell beside its peers.")
    parser.add_argument("benchmark", nargs="*", help=f"all, when none is named: {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="small and short: proves that it works, measures little")
    parser.add_argument(
        "--short", action="store_true", help="four minutes: the streams of the full run, a smaller storm"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything here too")
    parser.add_argument("--repetitions", type=int, metavar="N", help="instead of the scale's own number")
    options = parser.parse_args()
    unknown = set(options.benchmark) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    scale = QUICK if options.quick else SHORT if options.short else FULL
    if options.repetitions:
        scale = scale.repeated(options.repetitions)
    report = Report(machine())
    for key, value in report.machine.items():
        print(f"{key}: {value}")
    # asyncio's own loop, because it sends in `write`; uvloop sends at the end of the turn, after the stamp has aged.
    names = options.benchmark or list(BENCHMARKS)
    well = asyncio.run(measure(names, lambda name: BENCHMARKS[name](scale, report), report.table, report))
    if options.json:
        report.write(options.json)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
