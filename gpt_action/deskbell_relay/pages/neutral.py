"""Names that strangers chose, made harmless to show: nothing invisible, nothing that turns the writing around."""

import unicodedata
from typing import Final

MOST_CHARACTERS: Final = 80
MOST_MARKS: Final = 2
"""Combining marks on one letter; more of them paint over the lines above and below."""

_DROPPED: Final = frozenset(
    {"Cc", "Cf", "Cs", "Co", "Cn"}
)  # control, bidi and zero-width, surrogate, private, unassigned


def neutral(text: object) -> str:
    """`text` in one line of at most 80 characters. HTML is escaped elsewhere, by the templates."""
    kept: list[str] = []
    marks = 0
    for letter in unicodedata.normalize("NFC", " ".join(str(text).split())):
        category = unicodedata.category(letter)
        if category in _DROPPED:
            continue
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if marks <= MOST_MARKS:
            kept.append(" " if category in {"Zl", "Zp", "Zs"} else letter)
    line = " ".join("".join(kept).split())
    if len(line) > MOST_CHARACTERS:
        line = line[: MOST_CHARACTERS - 1] + "…"
    return line or "(no name)"
