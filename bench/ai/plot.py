"""Plots as SVG, by hand: step lines that show how an answer grows, and bars that compare. Readable on dark and on light."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

COLOURS: Final = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#8c6bb1", "#b58900", "#56a0d3")
"""After Okabe and Ito: told apart by people who see colours differently. A dash pattern helps further."""

DASHES: Final = ("", "7 3", "2 3", "10 3 2 3", "", "5 2", "1 2")

_STYLE: Final = (
    "<style>text{font:12px system-ui,sans-serif;fill:#333}.title{font-weight:600;font-size:13px}"
    ".axis{stroke:#8888;fill:none}.grid{stroke:#8883;fill:none}.back{fill:#fff}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.back{fill:#16181d}}</style>"
)
_LEFT, _TOP, _BOTTOM, _LINE = 56, 34, 34, 18


@dataclass(frozen=True, slots=True)
class Line:
    """A name, and points (x, y) from left to right; y holds until the next point."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Panel:
    """One set of axes."""

    title: str
    lines: Sequence[Line]


def steps(title: str, panels: Sequence[Panel], x: str, y: str, *, width: int = 430, height: int = 250) -> str:
    """Panels beside each other on the same scale, with one legend below."""
    most_x = _round_up(max(point[0] for panel in panels for line in panel.lines for point in line.points))
    most_y = _round_up(max(point[1] for panel in panels for line in panel.lines for point in line.points))
    names = [line.name for line in panels[0].lines]
    legend_rows = math.ceil(len(names) / 3)
    full_width = (_LEFT + width) * len(panels) + 24
    full_height = _TOP + 20 + height + _BOTTOM + 14 + legend_rows * _LINE
    parts = [_text(12, 20, title, "title")]
    for number, panel in enumerate(panels):
        left, top = _LEFT + number * (_LEFT + width), _TOP + 20
        parts += [_text(left, top - 8, f"{panel.title}: {y}"), *_grid(left, top, width, height, most_x, most_y)]
        for index, line in enumerate(panel.lines):
            path = f"M{left} {top + height}"
            for at, value in line.points:
                path += f"H{left + at / most_x * width:.1f}V{top + height - value / most_y * height:.1f}"
            parts.append(f'<path d="{path}" fill="none" {_stroke(index)}/>')
        parts.append(_text(left + width, top + height + 28, x, anchor="end"))
    for index, name in enumerate(names):
        column, row = index % 3, index // 3
        at_x, at_y = _LEFT + column * (full_width - _LEFT) // 3, _TOP + 20 + height + _BOTTOM + 14 + row * _LINE
        parts.append(f'<path d="M{at_x} {at_y - 4}h28" fill="none" {_stroke(index)}/>{_text(at_x + 36, at_y, name)}')
    return _document(full_width, full_height, title, parts)


def bars(title: str, groups: Sequence[tuple[str, Sequence[tuple[str, float]]]], unit: str, *, width: int = 560) -> str:
    """Lying bars, group under group; each bar carries its figure. All on one scale."""
    most = max(value for _, rows in groups for _, value in rows) or 1
    names = [name for name, _ in groups[0][1]]
    left = 20 + 7 * max(len(name) for _, rows in groups for name, _ in rows)
    parts, at = [_text(12, 20, title, "title")], 46
    for group, rows in groups:
        parts.append(_text(12, at, group))
        at += 8
        for name, value in rows:
            colour = COLOURS[names.index(name) % len(COLOURS)] if name in names else "#888"
            long = value / most * width
            parts.append(_text(left - 8, at + 12, name, anchor="end"))
            parts.append(
                f'<rect x="{left}" y="{at + 1}" width="{max(1, long):.1f}" height="14" rx="2" fill="{colour}"/>'
            )
            parts.append(_text(left + long + 6, at + 12, f"{_shown(value)} {unit}"))
            at += _LINE
        at += 22
    return _document(left + width + 90, at - 8, title, parts)


def _grid(left: int, top: int, width: int, height: int, most_x: float, most_y: float) -> list[str]:
    parts = []
    for part in range(5):
        y = top + height - part * height / 4
        x = left + part * width / 4
        parts.append(f'<path class="grid" d="M{left} {y:.1f}h{width}M{x:.1f} {top}v{height}"/>')
        parts.append(_text(left - 6, y + 4, _shown(most_y * part / 4), anchor="end"))
        parts.append(_text(x, top + height + 15, _shown(most_x * part / 4), anchor="middle"))
    return [*parts, f'<path class="axis" d="M{left} {top}v{height}h{width}"/>']


def _stroke(index: int) -> str:
    dash = DASHES[index % len(DASHES)]
    pattern = f' stroke-dasharray="{dash}"' if dash else ""
    return f'stroke="{COLOURS[index % len(COLOURS)]}" stroke-width="1.8"{pattern}'


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{named}>{escape(text)}</text>'


def _document(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
    back = f'<rect class="back" width="{width}" height="{height}"/>'
    return "\n".join([head, f"<title>{escape(title)}</title>", _STYLE, back, *parts, "</svg>"]) + "\n"


def _round_up(value: float) -> float:
    """The next of 1, 2, 3, 4, 6, 8 times a power of ten, so that a quarter of it reads well."""
    if value <= 0:
        return 1
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 3, 4, 6, 8, 10) if step * power >= value)


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
