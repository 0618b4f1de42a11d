"""What the command line shows: words and tables for a person, one JSON document for a program, errors on stderr."""

import contextlib
import io
import json
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from deskbell_daemon.cli.neutral import neutral
from deskbell_wire.errors import Problem

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

PLAIN_WIDTH = 160
"""Columns where nobody's window sets them: a table in a pipe should not be cut."""


class Terminal:
    """Where a command's output goes. Text that comes from elsewhere passes `neutral` on its way; markup is off."""

    def __init__(self, as_json: bool = False) -> None:
        self.as_json = as_json

    def console(self, *, stderr: bool = False) -> "Console":
        """rich's console: no colour with NO_COLOR, TERM=dumb or into a pipe."""
        from rich.console import Console  # late: a third of the start-up time

        wide = None if (sys.stderr if stderr else sys.stdout).isatty() else PLAIN_WIDTH
        return Console(stderr=stderr, markup=False, highlight=False, emoji=False, width=wide)

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked."""
        return not self.as_json and sys.stdin.isatty() and sys.stderr.isatty()

    def emit(self, document: Any, *shown: "RenderableType") -> None:
        """The command's outcome: `document` as JSON, or `shown` for a person."""
        if self.as_json:
            # Escaped to ASCII: bidirectional characters stay harmless there too.
            sys.stdout.write(json.dumps(document) + "\n")
            sys.stdout.flush()
            return
        self.show(*shown)

    def show(self, *shown: "RenderableType", stderr: bool = False) -> None:
        """For a person alone. Strings are made harmless and broken only where they have line ends."""
        if self.as_json and not stderr:
            return
        console = self.console(stderr=stderr)
        for item in shown:
            if isinstance(item, str):
                console.print(coloured(neutral(item, lines=True)), soft_wrap=True)
            else:
                console.print(item)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> "RenderableType":
        """A table without frame; cells are made harmless."""
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(Text("" if cell is None else neutral(cell)) for cell in row))
        return table

    def drawn(self, text: str, *, stderr: bool = False) -> "list[RenderableType]":
        """`text` as a QR code for a phone's camera, in half blocks; nothing where no window would show it whole."""
        import segno
        from rich.text import Text

        code = segno.make(text, micro=False)
        console = self.console(stderr=stderr)
        across = code.symbol_size()[0]
        if self.as_json or not console.is_terminal or console.width < across or not _can_write(console.encoding):
            return []
        drawing = io.StringIO()
        code.terminal(drawing, compact=True)
        return [Text(drawing.getvalue(), style="bright_white on black")]  # in a light window too

    def busy(self, sentence: str) -> AbstractContextManager[object]:
        """A turning wheel on stderr for what takes time; nothing where nobody looks."""
        if self.as_json or not sys.stderr.isatty():
            return contextlib.nullcontext()
        return self.console(stderr=True).status(neutral(sentence))

    def agreed(self, question: str) -> bool:
        """Ask; only a typed yes is one. Raises Problem refused where nobody can be asked."""
        if not self.interactive:
            raise Problem(
                "refused", f"{question} Nobody can be asked here.", next_step="Say yes with --yes, or use a terminal."
            )
        self.show(f"{question} [y/N] ", stderr=True)
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    def failed(self, problem: Problem) -> None:
        """An error: a sentence and the next step, or the problem document, on stderr."""
        if self.as_json:
            sys.stderr.write(json.dumps(problem.document()) + "\n")
            return
        console = self.console(stderr=True)
        detail = neutral(problem.detail, lines=True)
        console.print(f"deskbell: {detail}", style="red", soft_wrap=True)
        if problem.next_step and problem.next_step not in problem.detail:
            console.print(f"Next: {neutral(problem.next_step)}", soft_wrap=True)


def _can_write(encoding: str) -> bool:
    try:
        "▀▄█".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def coloured(text: str) -> "RenderableType":
    """A line with a green tick, or as it is."""
    from rich.text import Text

    shown = Text(text)
    shown.highlight_regex("^✓", "green")
    return shown
