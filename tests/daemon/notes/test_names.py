"""Names are safe on every system, whatever the title."""

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deskbell_daemon.notes import names
from deskbell_wire.errors import Problem

RESERVED = {"CON", "PRN", "AUX", "NUL", "COM1", "COM¹", "LPT9", "CONIN$"}


@settings(deadline=None)
@given(st.text(min_size=1, max_size=400))
@example("CON")
@example("con.txt")
@example("a.md.md .. ")
@example("🇫🇷" * 40)
@example("é" * 300)
def test_a_name_is_safe_deterministic_and_stable(title: str) -> None:
    try:
        name = names.file_name(title)
    except Problem as problem:
        assert problem.code == "unsafe_name"
        return
    assert name == names.file_name(title)
    assert names.file_name(name) == name
    assert len(name.encode()) <= 255
    assert name.endswith(".md") and names.is_note(name)
    assert unicodedata.normalize("NFC", name) == name
    assert not set(name) & set('<>:"/\\|?*')
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in name)
    stem = name.removesuffix(".md")
    assert stem and stem == stem.strip() and not stem.startswith(".") and not stem.endswith(".")
    assert stem.split(".")[0].rstrip().upper() not in RESERVED
    assert names.note_path(name) == name


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("AC/DC", "AC-DC.md"),
        ("Boat.md", "Boat.md"),
        ("Meeting: boats", "Meeting boats.md"),
        ("At 10:30", "At 10-30.md"),
        ("CON", "_CON.md"),
        ("com¹.log", "_com¹.log.md"),
        ("trailing. . ", "trailing.md"),
        ("a\u202eb\u200bc\u0000d", "abcd.md"),
        ("tabs\tand\nlines", "tabs and lines.md"),
        ("Cafe\u0301", "Café.md"),
        ("⛵🎉", "⛵🎉.md"),
        ("console", "console.md"),
    ],
)
def test_a_title_becomes_this_name(title: str, name: str) -> None:
    assert names.file_name(title) == name


@pytest.mark.parametrize(
    "title",
    ["../../etc/passwd", "/etc/passwd", "C:\\x", "c:/x", "\\\\server\\x", "..", "a/../b", "a\\..", ".\u200b./x", "...", ".md",
     "\u200b\u202e", "???", "   ", "\0"],
)  # fmt: skip
def test_a_title_that_is_a_path_or_nothing_is_refused(title: str) -> None:
    with pytest.raises(Problem) as caught:
        names.file_name(title)
    assert caught.value.code == "unsafe_name"


def test_a_long_name_is_cut_between_clusters() -> None:
    for unit in ("🇫🇷", "👍🏽", "e\u0323\u0302", "字"):
        stem = names.file_name(unit * 120).removesuffix(".md")
        composed = unicodedata.normalize("NFC", unit)
        assert len(stem.encode()) > 220
        assert stem == composed * (len(stem) // len(composed))


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("../x.md", "outside_folder"), ("a/../../x.md", "outside_folder"), ("/etc/passwd", "outside_folder"),
        ("\\\\server\\share", "outside_folder"), ("C:x", "outside_folder"), ("a\\b", "outside_folder"), ("~/x", "outside_folder"),
        ("a\0b", "unsafe_name"), ("ab.md:stream", "unsafe_name"), (".obsidian/x.md", "unsafe_name"),
        (".deskbell/trash/x.md", "unsafe_name"), ("a/.hidden.md", "unsafe_name"), ("/".join("a" * 40), "unsafe_name"),
        ("x" * 300, "unsafe_name"), ("a./b", "unsafe_name"), ("./", "unsafe_name"),
    ],
)  # fmt: skip
def test_a_path_that_leaves_or_hides_is_refused(path: str, code: str) -> None:
    with pytest.raises(Problem) as caught:
        names.note_path(path)
    assert caught.value.code == code


@settings(deadline=None)
@given(st.text(max_size=60))
def test_a_checked_path_never_climbs(path: str) -> None:
    try:
        checked = names.note_path(path)
    except Problem:
        return
    assert not checked.startswith("/") and ".." not in checked.split("/") and "\0" not in checked


def test_twins_share_a_key() -> None:
    assert names.key("Café.md") == names.key("CAFE\u0301.MD")
    assert names.key("straße") == names.key("STRASSE")
