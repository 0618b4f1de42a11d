"""An answer on the terminal while it is written: live Markdown for a person, plain text into a pipe, nothing for JSON."""

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from deskbell_daemon.cli.neutral import neutral
from deskbell_daemon.cli.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

REFRESH_S: Final = 0.1
"""Incomplete Markdown is laid out anew each time: often enough to be read, seldom enough to cost nothing."""

SHARE: Final = 5
"""A layout that took long is not followed by the next before this many times as long: Ctrl-C waits behind it."""

FENCES: Final = ("```", "~~~")


class Paper:
    """Keeps the text; what its kinds show is up to them. Text from elsewhere is made harmless before it is shown."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    @property
    def text(self) -> str:
        """All of it, as it came."""
        return "".join(self._texts)

    def write(self, text: str) -> None:
        self._texts.append(text)


class PlainPaper(Paper):
    """Writes through, for pipes and files."""

    def write(self, text: str) -> None:
        super().write(text)
        sys.stdout.write(neutral(text, lines=True))
        sys.stdout.flush()


class LivePaper(Paper):
    """Shows the last lines of the laid-out text, as many as fit."""

    def __init__(self, live: "Live") -> None:
        super().__init__()
        self._live = live
        self._next = 0.0

    def write(self, text: str) -> None:
        super().write(text)
        begun = time.monotonic()
        if begun >= self._next:
            self._live.update(self._tail(), refresh=True)
            done = time.monotonic()
            self._next = done + max(REFRESH_S, SHARE * (done - begun))

    def _tail(self) -> "RenderableType":
        from rich.segment import Segment, Segments

        console = self._live.console
        shown = ending(self.text, 2 * console.height * console.width)
        lines = console.render_lines(markdown(shown), pad=False)[-max(1, console.height - 2) :]
        return Segments([segment for line in lines for segment in (*line, Segment.line())])


def ending(text: str, most: int) -> str:
    """The last whole lines of at most `most` characters; a block of code that was open before them is opened again.

    What has scrolled away need not be laid out: a long answer would cost more each time, and seconds in the end.
    """
    if len(text) <= most:
        return text
    start = text.find("\n", len(text) - most) + 1 or len(text) - most
    fence = ""
    for line in text[:start].splitlines():
        mark = line.lstrip()[:3]
        if mark in FENCES and fence in ("", mark):
            fence = "" if fence else mark
    return f"{fence}\n{text[start:]}" if fence else text[start:]


def markdown(text: str) -> "RenderableType":
    """`text` as rich draws Markdown: harmless characters alone, links as their addresses, no images."""
    from rich.markdown import Markdown

    return Markdown(neutral(text, lines=True), hyperlinks=False)


@contextlib.contextmanager
def paper(terminal: Terminal) -> Iterator[Paper]:
    """The kind that fits where the output goes. At the end a person sees the whole answer, laid out."""
    if terminal.as_json:
        yield Paper()
        return
    console = terminal.console()
    if not console.is_terminal:
        plain = PlainPaper()
        yield plain
        if plain.text and not plain.text.endswith("\n"):
            sys.stdout.write("\n")
        return
    from rich.live import Live

    with Live(console=console, auto_refresh=False, transient=True) as live:
        sheet = LivePaper(live)
        yield sheet
    if sheet.text:
        console.print(markdown(sheet.text))
