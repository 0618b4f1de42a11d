"""Headings and sections, as CommonMark has them."""

import time

import pytest

from deskbell_daemon.notes import markdown
from deskbell_wire.errors import Problem

TEXT = """Intro

# One
a
## One *a* ##
b

```
# no heading
```
- item
  ~~~
  ## nor this
  ~~~
#no
Two
===
c
Three
of it
---
d
- x
---
    # code
# One
last
"""


def test_headings_are_found_and_lookalikes_are_not() -> None:
    found = [(heading.level, heading.title) for heading in markdown.headings(TEXT)]
    assert found == [(1, "One"), (2, "One *a*"), (1, "#no Two"), (2, "c Three of it"), (1, "One")]


def test_a_section_ends_before_the_next_of_its_rank() -> None:
    text = "# A\none\n## B\ntwo\n### C\nthree\n## D\nfour\n"
    part = markdown.section(text, "## b")
    assert text[part.heading.start : part.end] == "## B\ntwo\n### C\nthree\n"
    assert text[markdown.section(text, "A").end :] == ""


def test_a_doubled_heading_is_not_guessed() -> None:
    with pytest.raises(Problem) as caught:
        markdown.section("# A\n# A\n", "A", once=True)
    assert caught.value.code == "ambiguous_text"
    with pytest.raises(Problem) as caught:
        markdown.section("# A\n", "B")
    assert caught.value.code == "heading_not_found"


@pytest.mark.parametrize(
    ("text", "addition", "whole"),
    [
        ("", "x", "x\n"),
        ("a", "x", "a\n\nx\n"),
        ("a\n", "x\n\n", "a\n\nx\n"),
        ("- a\n", "- b", "- a\n- b\n"),
        ("- a", "- b", "- a\n- b\n"),
        ("| a |\n", "| b |", "| a |\n| b |\n"),
        ("a\n\n\n", "x", "a\n\n\nx\n"),
    ],
)
def test_added_text_stands_where_a_person_would_put_it(text: str, addition: str, whole: str) -> None:
    assert markdown.appended(text, addition, "\n") == whole


def test_adding_to_a_section_leaves_the_next_alone() -> None:
    text = "# A\n- a\n\n# B\nb\n"
    assert markdown.section_with(text, markdown.section(text, "A"), "- c", "\n") == "# A\n- a\n- c\n\n# B\nb\n"
    assert markdown.section_with(text, markdown.section(text, "B"), "x", "\n") == "# A\n- a\n\n# B\nb\n\nx\n"


def test_replacing_a_section_keeps_its_heading_once() -> None:
    text = "# A\nold\n# B\nb\n"
    part = markdown.section(text, "A")
    assert markdown.section_replaced(text, part, "new", "\n") == "# A\n\nnew\n\n# B\nb\n"
    assert markdown.section_replaced(text, part, "# A\nnew", "\n") == "# A\n\nnew\n\n# B\nb\n"
    assert markdown.section_replaced(text, part, "", "\n") == "# A\n\n# B\nb\n"


def test_text_is_replaced_only_where_it_stands_once() -> None:
    assert markdown.text_replaced("a\r\nb\r\nc", "a\nb", "x\ny", 0, "\r\n") == "x\r\ny\r\nc"
    for text, code in (("aaa", "ambiguous_text"), ("b", "text_not_found")):
        with pytest.raises(Problem) as caught:
            markdown.text_replaced(text, "aa", "x", 0, "\n")
        assert caught.value.code == code


@pytest.mark.parametrize(
    "unit", ["# " + " " * 80_000, "`" * 80_000, "- " * 40_000, ">" * 80_000, "* " * 40_000 + "x", "#" * 80_000]
)
def test_a_hostile_line_costs_no_time(unit: str) -> None:
    began = time.process_time()
    markdown.headings(f"{unit}\n{unit}x\n")
    assert time.process_time() - began < 1.0
