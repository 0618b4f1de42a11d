"""On which line of a TOML text a key stands, so that an error can say it (TOML readers do not keep this)."""

import re
import tomllib
from typing import Any

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_TABLE = re.compile(rf"^\s*\[\[?\s*({_DOTTED})\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(rf"^\s*({_DOTTED})\s*=")


class Lines:
    """The first line of every key and table of `text`, which must be valid TOML."""

    def __init__(self, text: str) -> None:
        self._lines: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        for number, line in enumerate(text.splitlines(), 1):
            if match := _TABLE.match(line):
                table = _parts(match[1])
                self._lines.setdefault(table, number)
            elif match := _KEY.match(line):
                self._lines.setdefault(table + _parts(match[1]), number)

    def find(self, path: list[str]) -> int | None:
        """The line of `path`, or of the nearest table around it. None: it does not stand in the text."""
        for length in range(len(path), 0, -1):
            if line := self._lines.get(tuple(path[:length])):
                return line
        return None


def _parts(dotted: str) -> tuple[str, ...]:
    table: dict[str, Any] | int = tomllib.loads(f"{dotted} = 0")  # the parser knows quotes and escapes
    parts: list[str] = []
    while isinstance(table, dict):
        [(part, table)] = table.items()
        parts.append(part)
    return tuple(parts)
