"""Writes what was measured as a page: `docs/measurements/ai.md`, and its plots beside it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.ai import first_token, load, many_streams, many_viewers, plot
from bench.ai.network import SLOW_3G
from bench.ai.transports import Journey
from bench.ai.ways import CHUNKS, TOKENS
from bench.report import Report, shown

_HEAD = """# Streamed answers, measured

Written by `make bench-ai` on {day}; do not edit. What is measured, how, and how to read it: bench/README.md, "AI".
{size}
Read the ratios: the absolute figures belong to one machine ({machine}).

"""

_SLOW = f"{SLOW_3G.rate / 1000:g} kbit/s and {SLOW_3G.round_trip * 1000:g} ms round trip"

_WAYS = f"""## One answer by every way

The same prompt to the same provider. `{TOKENS}` and `{CHUNKS}` are
Deskbell's relay; the other ways are a plain relay of the `openai` SDK with aiohttp-sse, aiohttp's WebSocket (compressed, as
browsers ask), polling and REST. The slow network is a shaped one of {_SLOW}, with
a fresh connection an answer. Bytes are HTTP's, both ways, without TCP/IP headers. CPU is the serving process's alone.

"""


def ways_table(journeys: Sequence[Journey]) -> str:
    """Medians, a row a way, network and provider."""
    rows = [
        "| provider | network | way | first text, ms | last text, ms | events | bytes | CPU, ms |",
        "|---|---|---|---:|---:|---:|---:|---:|",
    ]
    for journey in journeys:
        values = " | ".join(shown(value) for value in journey.row())
        rows.append(f"| {journey.source} | {journey.network} | {journey.way} | {values} |")
    return "\n".join(rows)


def curves(journeys: Sequence[Journey]) -> Mapping[str, str]:
    """By file name: how the answer grows at the viewer, for each provider."""
    made = {}
    for source in dict.fromkeys(journey.source for journey in journeys):
        panels = [
            plot.Panel(
                network,
                [
                    plot.Line(journey.way, middle(journey))
                    for journey in journeys
                    if (journey.source, journey.network) == (source, network)
                ],
            )
            for network in dict.fromkeys(journey.network for journey in journeys)
        ]
        title = f"An answer as it grows at the viewer: {source}"
        made[f"ai-{source.split()[0]}-answer.svg"] = plot.steps(
            title, panels, "seconds since the question", "characters"
        )
    return made


def middle(journey: Journey) -> list[tuple[float, float]]:
    """The points of the reading whose last text is the median."""
    ordered = sorted(journey.readings, key=lambda reading: reading.last)
    return [(at, float(characters)) for at, characters in ordered[len(ordered) // 2].points]


def first_text(journeys: Sequence[Journey]) -> str:
    """Bars: the first text by every way."""
    groups: dict[str, list[tuple[str, float]]] = {}
    for journey in journeys:
        groups.setdefault(f"{journey.source}, {journey.network}", []).append((journey.way, journey.row()[0]))
    return plot.bars("Time to the first text", list(groups.items()), "ms")


def beside(report: Report) -> str | None:
    """Bars: what a token costs, ours beside the peers; None when not both loads were measured."""
    groups = []
    for title, benchmark, figure in (
        ("32 answers at once: CPU a token", many_streams.NAME, load.COST),
        ("500 viewers of one answer: CPU a token and viewer", many_viewers.NAME, many_viewers.COST),
    ):
        rows = [
            (found.subject, found.median)
            for found in report.figures.values()
            if (found.benchmark, found.name) == (benchmark, figure)
        ]
        if not rows:
            return None
        groups.append((title, rows))
    return plot.bars("What a token costs", groups, "µs")


def write(folder: Path, report: Report, journeys: Sequence[Journey], notes: Sequence[str], size: str) -> None:
    """The page and its plots, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    machine = ", ".join(f"{key} {value}" for key, value in report.machine.items())
    page = _HEAD.format(day=datetime.now(UTC).date(), size=size, machine=machine)
    if journeys:
        page += _WAYS + ways_table(journeys) + "\n\n"
        page += "".join(f"- {note}\n" for note in notes)
        plots = {**curves(journeys), "ai-first-text.svg": first_text(journeys)}
        for name, text in plots.items():
            (folder / name).write_text(text)
            page += f"![{name.removesuffix('.svg').replace('-', ' ')}]({name})\n\n"
    for title, name in (
        ("First token: what a relay adds", first_token.NAME),
        ("32 answers at once, 50 tokens a second each", many_streams.NAME),
        ("500 viewers of one answer of 50 tokens a second", many_viewers.NAME),
    ):
        if any(figure.benchmark == name for figure in report.figures.values()):
            page += f"## {title}\n{report.table(name)}\n\n"
    costs = beside(report)
    if costs:
        (folder / "ai-cost.svg").write_text(costs)
        page += "![what a token costs](ai-cost.svg)\n"
    (folder / "ai.md").write_text(page.rstrip() + "\n")
