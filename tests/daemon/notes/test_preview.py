"""The difference that an edit would make is the true one, however long the note is, and costs little."""

import time

from hypothesis import given
from hypothesis import strategies as st

from deskbell_daemon.notes.preview import unified

LINES = st.lists(st.sampled_from(["a", "b", "c", "", "- x", "+ y", "@@ z"]), max_size=30)


def applied(before, diff):
    """`before` after the patch: each hunk must fit where its head says."""
    out, at = [], 0
    rows = diff.split("\n")[2:] if diff else []
    for row in rows:
        if row.startswith("@@ -"):
            first, _, count = row.split(" ")[1][1:].partition(",")
            start = int(first) - 1 if count != "0" else int(first)
            out += before[at:start]
            at = start
        elif row.startswith("+"):
            out.append(row[1:])
        else:
            assert before[at] == row[1:]
            at += 1
            out += [row[1:]] if row.startswith(" ") else []
    return out + before[at:]


@given(LINES, LINES)
def test_the_difference_makes_the_one_from_the_other(before, after):
    assert applied(before, unified("n.md", before, after)) == after


@given(LINES, LINES, st.integers(0, 30))
def test_also_when_one_place_in_a_long_note_changes(before, after, around):
    same = [f"line {n}" for n in range(around)]
    assert applied([*same, *before, *same], unified("n.md", [*same, *before, *same], [*same, *after, *same])) == [
        *same,
        *after,
        *same,
    ]


def test_a_hostile_edit_is_compared_in_a_moment():
    before, after = [f"x{n % 7}" for n in range(50_000)], [f"x{n % 5}" for n in range(50_000)]
    began = time.perf_counter()
    assert applied(before, unified("n.md", before, after)) == after
    assert time.perf_counter() - began < 5
