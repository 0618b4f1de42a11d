"""Markdown as far as notes need it: headings, the sections under them, and where added text goes. Offsets are in characters."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from deskbell_daemon.notes.names import short
from deskbell_wire.errors import Problem

_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")
_ATX: Final = re.compile(r" {0,3}(#{1,6})(?:[ \t](.*))?")
_SETEXT: Final = re.compile(r" {0,3}(=+|-+)[ \t]*")
_FENCE: Final = re.compile(r"[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+|>[ \t]?)*(`{3,}(?=[^`]*$)|~{3,})")
_ITEM: Final = re.compile(r"[ \t]*(?:[-*+][ \t]|\d{1,9}[.)][ \t]|\|)")
_CONTAINER: Final = re.compile(r" {0,3}(?:[-*+](?:[ \t]|$)|\d{1,9}[.)](?:[ \t]|$)|>|\|)")
_BREAK: Final = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})")


@dataclass(frozen=True, slots=True)
class Heading:
    """One heading; `start` is its first character, `body` the first character after its line."""

    level: int
    title: str
    start: int
    body: int


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with everything under it, up to the next heading of the same or a higher level."""

    heading: Heading
    end: int


def headings(text: str, at: int = 0) -> list[Heading]:
    """ATX and setext headings (CommonMark 4.2, 4.3) from offset `at`, in order; those in code fences are none."""
    found: list[Heading] = []
    fence = ""
    paragraph: list[str] = []
    paragraph_at = 0
    in_container = False
    for match in _LINE.finditer(text, at):
        line = match[0].rstrip("\r\n")
        if fence:
            if re.fullmatch(rf"[ \t>]*{re.escape(fence[0])}{{{len(fence)},}}[ \t]*", line):
                fence, in_container = "", False
        elif opening := _FENCE.match(line):
            fence, paragraph = opening[1], []
        elif atx := _ATX.fullmatch(line):
            found.append(Heading(len(atx[1]), _unmarked(atx[2] or ""), match.start(), match.end()))
            paragraph, in_container = [], False
        elif paragraph and (underline := _SETEXT.fullmatch(line)):
            level = 1 if underline[1][0] == "=" else 2
            found.append(Heading(level, " ".join(paragraph), paragraph_at, match.end()))
            paragraph = []
        elif not line.strip() or _BREAK.fullmatch(line):
            paragraph, in_container = [], False
        elif _CONTAINER.match(line):
            # Until a blank line, what follows belongs to the list, quote or table, and is no heading's text.
            paragraph, in_container = [], True
        elif paragraph:
            paragraph.append(line.strip())
        elif not in_container and not line.startswith(("    ", "\t")):
            paragraph, paragraph_at = [line.strip()], match.start()
    return found


def section(text: str, title: str, at: int = 0, *, once: bool = False) -> Section:
    """The section under the heading `title`, as written or in another case, with or without its marks.

    Raises Problem `heading_not_found`; with `once`, `ambiguous_text` when several headings fit.
    """
    every = headings(text, at)
    wanted = _plain(title)
    fitting = [n for n, heading in enumerate(every) if _plain(heading.title) == wanted]
    if not fitting:
        fitting = [n for n, heading in enumerate(every) if _plain(heading.title).casefold() == wanted.casefold()]
    if not fitting:
        raise Problem("heading_not_found", f"The note has no heading {short(title)}.")
    if once and len(fitting) > 1:
        raise Problem("ambiguous_text", f"The note has {len(fitting)} headings {short(title)}: use find instead.")
    heading = every[fitting[0]]
    after = (other.start for other in every[fitting[0] + 1 :] if other.level <= heading.level)
    return Section(heading, next(after, len(text)))


def appended(text: str, addition: str, newline: str) -> str:
    """`text` with `addition` at its end: on the next line in a list or table, else as a paragraph of its own."""
    addition = with_newlines(addition.rstrip("\r\n"), newline)
    if not text.strip():
        return f"{text}{addition}{newline}"
    kept = text.rstrip("\r\n")
    trailing = text[len(kept) :] or newline
    last = kept.rsplit("\n", 1)[-1]
    in_list = _ITEM.match(last) and _ITEM.match(addition)
    if in_list or trailing.count("\n") > 1 or addition.startswith(newline):
        return f"{kept}{trailing}{addition}{newline}"
    return f"{kept}{trailing}{newline}{addition}{newline}"


def with_newlines(text: str, newline: str) -> str:
    """`text` with every line end as `newline`."""
    text = text.replace("\r\n", "\n")
    return text if newline == "\n" else text.replace("\n", newline)


def section_with(text: str, part: Section, addition: str, newline: str) -> str:
    """`text` with `addition` at the end of a section; the blank line before the next heading stays."""
    head, rest = text[: part.end], text[part.end :]
    grown = appended(head.rstrip("\r\n") + newline, addition, newline)
    return grown + (newline if rest else "") + rest


def section_replaced(text: str, part: Section, replacement: str, newline: str) -> str:
    """`text` with what stands under a heading replaced; a replacement that repeats the heading does not double it."""
    body = replacement.replace("\r\n", "\n").strip("\n")
    own = headings(body)
    if (
        own
        and own[0].start == 0
        and own[0].level == part.heading.level
        and _plain(own[0].title) == _plain(part.heading.title)
    ):
        body = body[own[0].body :].strip("\n")
    rest = text[part.end :]
    head = text[: part.heading.body]
    if not head.endswith("\n"):
        head += newline
    middle = f"{newline}{with_newlines(body, newline)}{newline}" if body else ""
    return f"{head}{middle}{newline if rest else ''}{rest}"


def text_replaced(text: str, find: str, replacement: str, at: int, newline: str) -> str:
    """`text` with the one place from offset `at` on that reads `find` replaced, whatever its line ends.

    Raises Problem `text_not_found`, `ambiguous_text`.
    """
    pattern = re.compile(r"\r?\n".join(map(re.escape, find.replace("\r\n", "\n").split("\n"))))
    first = pattern.search(text, at)
    if first is None:
        raise Problem("text_not_found", f"The note does not hold the text {short(find)}.")
    if pattern.search(text, first.start() + 1):
        raise Problem(
            "ambiguous_text", f"The text {short(find)} stands in the note more than once: give a longer piece."
        )
    return text[: first.start()] + with_newlines(replacement, newline) + text[first.end() :]


def _unmarked(content: str) -> str:
    """An ATX heading's content without its closing marks."""
    content = content.strip()
    bare = content.rstrip("#")
    return bare.rstrip() if not bare or bare[-1] in " \t" else content


def _plain(title: str) -> str:
    return unicodedata.normalize("NFC", " ".join(title.strip().lstrip("#").split()))
