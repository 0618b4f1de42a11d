"""Figures over repetitions, their ratio to a peer's, and the promises they must keep; as a table and as JSON."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

OURS = "deskbell"


def percentile(values: Sequence[float], fraction: float) -> float:
    """The value below which `fraction` of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))]


@dataclass(slots=True)
class Figure:
    """One quantity of one subject, once a repetition."""

    benchmark: str
    name: str
    unit: str
    subject: str
    samples: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The middle sample."""
        return statistics.median(self.samples)


@dataclass(frozen=True, slots=True)
class Promise:
    """A figure of ours and the most (or least) that it may be."""

    benchmark: str
    text: str
    value: float
    limit: float
    at_most: bool

    @property
    def kept(self) -> bool:
        """Whether the value is on the right side of the limit."""
        return self.value <= self.limit if self.at_most else self.value >= self.limit


class Report:
    """Everything that a run found."""

    def __init__(self, machine: dict[str, str]) -> None:
        self.machine = machine
        self.figures: dict[tuple[str, str, str], Figure] = {}
        self.promises: list[Promise] = []
        self.notes: list[tuple[str, str]] = []

    def add(self, benchmark: str, name: str, unit: str, subject: str, sample: float) -> None:
        """One repetition's sample."""
        key = (benchmark, name, subject)
        self.figures.setdefault(key, Figure(benchmark, name, unit, subject)).samples.append(sample)

    def median(self, benchmark: str, name: str, subject: str) -> float | None:
        """The median over the repetitions so far, None when the subject was not measured."""
        figure = self.figures.get((benchmark, name, subject))
        return figure.median if figure else None

    def promise(self, benchmark: str, text: str, value: float | None, limit: float | None, *, at_most: bool) -> None:
        """Hold `value` against `limit`; without both of them, note that it could not be held."""
        if value is None or limit is None:
            self.note(benchmark, f"not compared: {text}")
            return
        self.promises.append(Promise(benchmark, text, value, limit, at_most))

    def note(self, benchmark: str, text: str) -> None:
        """A sentence that belongs under the benchmark's table."""
        self.notes.append((benchmark, text))

    def table(self, benchmark: str) -> str:
        """The benchmark's figures in Markdown: a row a figure and subject, ratios to ours."""
        rows = ["| figure | subject | min | median | max | ours ÷ this |", "|---|---|---:|---:|---:|---:|"]
        for figure in self.figures.values():
            if figure.benchmark != benchmark:
                continue
            ours = self.median(benchmark, figure.name, OURS)
            ratio = f"{ours / figure.median:.2f}" if ours and figure.median and figure.subject != OURS else ""
            values = " | ".join(shown(value) for value in (min(figure.samples), figure.median, max(figure.samples)))
            rows.append(f"| {figure.name}, {figure.unit} | {figure.subject} | {values} | {ratio} |")
        lines = ["", *rows, ""]
        for promise in self.promises:
            if promise.benchmark == benchmark:
                verdict = "kept" if promise.kept else "FALLS SHORT"
                sign = "≤" if promise.at_most else "≥"
                held = f"{shown(promise.value)} {sign} {shown(promise.limit)}"
                lines.append(f"- {verdict}: {promise.text} ({held if promise.kept else 'not ' + held})")
        lines += [f"- {text}" for name, text in self.notes if name == benchmark]
        return "\n".join(lines)

    def write(self, path: Path) -> None:
        """All of it as one JSON document."""
        document: dict[str, Any] = {
            "machine": self.machine,
            "figures": [asdict(figure) for figure in self.figures.values()],
            "promises": [asdict(promise) | {"kept": promise.kept} for promise in self.promises],
            "notes": [{"benchmark": name, "text": text} for name, text in self.notes],
        }
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def shown(value: float) -> str:
    """Three significant digits, thousands with a comma."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
