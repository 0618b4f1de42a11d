"""An answer on the terminal while it comes: whatever a model says, the terminal stays the person's, and stays quick."""

import io
import time

import pytest
from rich.console import Console
from rich.live import Live

from deskbell_daemon.cli.writing import LivePaper, ending, markdown

HOSTILE = {
    "colours and cursor": "\x1b[31m\x1b[2J\x1b[Hgone",
    "title of the window": "\x1b]0;mine now\x07",
    "link that lies": "\x1b]8;;http://evil.example\x1b\\https://bank.example\x1b]8;;\x1b\\",
    "clipboard": "\x1b]52;c;cm0gLXJmIH4K\x07",
    "eight-bit controls": "\x9b2J\x9d0;mine\x9c",
    "turned around": "\u202etxt.exe\u2066\u200e",
    "backspaces": "rm -rf ~\x08\x08\x08\x08\x08\x08\x08\x08ls\r",
    "link and image": "[https://bank.example](https://evil.example) ![x](https://evil.example/p.png)",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "no end": "```python\n\x1b[2J",
}


def shown(write: "list[str]", *, height: int = 24) -> str:
    """What reaches the terminal while these pieces come, and the whole at the end."""
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=80, height=height, color_system="truecolor")
    with Live(console=console, auto_refresh=False, transient=True) as live:
        sheet = LivePaper(live)
        for piece in write:
            sheet.write(piece)
            sheet._next = 0  # each piece is drawn
    console.print(markdown(sheet.text))
    return out.getvalue()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("step", [1, 1_000])
def test_a_hostile_answer_draws_and_does_nothing_else(text: str, step: int) -> None:
    seen = shown([text[start : start + step] for start in range(0, len(text), step)])
    assert not {"\x1b]", "\x9b", "\x9d", "\x07", "\x08", "\u202e", "\u2066"} & {
        seen[start : start + length] for length in (1, 2) for start in range(len(seen))
    }
    assert "\x1b[2J" not in seen
    assert "\x1b[H" not in seen
    if "evil" in text:
        assert "evil.example" in seen, "where a link leads is seen"


@pytest.mark.parametrize(
    "text",
    [
        "```python\n" + "x = 1\n" * 15_000,
        "word **bold** `code`\n\n" * 5_000,
        "[" * 100_000,
        ">" * 100_000,
        "- " * 50_000,
        "x" * 100_000,
        "|a" * 2_000 + "\n" + "|-" * 2_000 + "\n",
        "a" + "\u0301" * 100_000,
    ],
    ids=["code", "prose", "brackets", "quotes", "list", "line", "table", "accents"],
)
def test_the_longest_answer_is_still_drawn_at_once(text: str) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80, height=24)
    with Live(console=console, auto_refresh=False, transient=True) as live:
        sheet = LivePaper(live)
        sheet._texts.append(text)
        begun = time.process_time()
        sheet.write("end")
        assert time.process_time() - begun < 1, "Ctrl-C waits behind it"


def test_what_has_scrolled_away_is_left_out_and_open_code_stays_code() -> None:
    assert ending("short", 10) == "short"
    assert ending("one\ntwo\nthree", 8) == "three"
    assert ending("x" * 30, 10) == "x" * 10
    assert ending("```\n" + "code\n" * 10, 12) == "```\ncode\ncode\n"
    assert ending("```\ncode\n```\n" + "text\n" * 10, 12) == "text\ntext\n"
    assert ending("~~~\n```\n" + "code\n" * 10, 12) == "~~~\ncode\ncode\n", "of another kind, so part of the code"
