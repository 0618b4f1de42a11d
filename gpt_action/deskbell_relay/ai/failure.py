"""Why a provider did not answer, in our own words; what it said itself is shortened and stripped of the key."""

import re
from typing import Final

from deskbell_wire.errors import Problem

MOST_CHARACTERS: Final = 300

_UNSHOWN = re.compile(r"[^\x20-\x7e\xa0-\u200a\u2010-\u2027\u2030-\u205f\u2070-\u2fff\u3000-\ud7ff\uf900-\ufdff]+")


class Failure(Problem):
    """`again`: another try may help. `wait_s`: what the provider asked us to wait, if it did."""

    def __init__(self, code: str, detail: str, *, again: bool = False, wait_s: float | None = None) -> None:
        super().__init__(code, detail)
        self.again = again
        self.wait_s = wait_s


def words(message: object, key: str | None) -> str:
    """A provider's own words, fit for a person: one short line, without control characters and without `key`."""
    text = message if isinstance(message, str) else ""
    if key:
        text = text.replace(key, "(key)")
    text = _UNSHOWN.sub(" ", text).strip()
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"


def sentence(start: str, message: object, key: str | None) -> str:
    """`start`, and what the provider said if it said something."""
    said = words(message, key)
    return f"{start}: {said}" if said else f"{start}."
