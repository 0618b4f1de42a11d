"""A run is a row of parts, and one that fails takes none of the others with it."""

import time
import traceback
from collections.abc import Awaitable, Callable, Sequence

from bench.report import Report


async def measure(
    names: Sequence[str], part: Callable[[str], Awaitable[None]], table: Callable[[str], str], report: Report
) -> bool:
    """Run the named parts one after the other, printing the table of each; whether all of them ended well."""
    well = True
    for name in names:
        print(f"\n## {name}", flush=True)
        began = time.monotonic()
        try:
            await part(name)
        except Exception:  # noqa: BLE001 - whatever failed, the other parts are still worth their run
            well = False
            traceback.print_exc()
            report.note(name, "FAILED: the traceback stands in the output")
        print(table(name))
        print(f"\n{time.monotonic() - began:.0f} s", flush=True)
    return well
