"""The search query: words that must all occur, "exact phrases", -exclusions. Everything else in it is plain text."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

MAX_TERMS: Final = 32
_TERM: Final = re.compile(r'(-?)"([^"]*)"?|(\S+)')


@dataclass(frozen=True, slots=True)
class Query:
    """Two FTS5 expressions; an empty one stands for nothing to match."""

    wanted: str
    excluded: str


def parse(text: str) -> Query:
    """Cannot fail: each term is quoted, so that no operator of FTS5 is left; words match from their beginning on.

    A term without a letter or digit is dropped, because FTS5 would let it match nothing.
    """
    wanted: list[str] = []
    excluded: list[str] = []
    for minus, phrase, word in _TERM.findall(text.replace("\0", " "))[:MAX_TERMS]:
        if word:
            bare = word.removeprefix("-") if len(word) > 1 else word
            term = _quoted(bare)
            if word.startswith("-") and len(word) > 1:
                excluded.append(term)
            elif term:
                wanted.append(f"{term}*")
        elif minus:
            excluded.append(_quoted(phrase))
        else:
            wanted.append(_quoted(phrase))
    return Query(" AND ".join(filter(None, wanted)), " OR ".join(filter(None, excluded)))


def _quoted(term: str) -> str:
    if not any(unicodedata.category(character)[0] in "LN" for character in term):
        return ""
    return '"' + term.replace('"', " ") + '"'
