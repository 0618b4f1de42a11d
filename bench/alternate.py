"""Take turns: A B C, A B C, so that a machine that slows down slows everybody down."""

from collections.abc import Awaitable, Callable, Sequence

from bench.hub import Hub
from bench.report import Report


async def alternate(
    report: Report, benchmark: str, repetitions: int, hubs: Sequence[Hub], measure: Callable[[Hub], Awaitable[None]]
) -> None:
    """Run `measure` once a hub and repetition; a hub that cannot run here is named in the report instead."""
    present: list[Hub] = []
    for hub in hubs:
        why = hub.missing()
        if why is None:
            present.append(hub)
        else:
            report.note(benchmark, f"{hub.name} was not measured: {why}")
    for _ in range(repetitions):
        for hub in present:
            await measure(hub)
