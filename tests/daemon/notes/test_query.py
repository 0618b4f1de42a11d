"""Whatever is asked, FTS5 gets words and nothing else."""

import sqlite3

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deskbell_daemon.notes import query


@pytest.fixture(scope="module")
def words() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    db.execute(
        "CREATE VIRTUAL TABLE words USING fts5 (title, body, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3')"
    )
    db.execute("INSERT INTO words VALUES ('Café', 'blue boats OR red cars')")
    return db


def found(words: sqlite3.Connection, text: str) -> bool:
    asked = query.parse(text)
    if not asked.wanted:
        return False
    hit = words.execute("SELECT 1 FROM words WHERE words MATCH ?", (asked.wanted,)).fetchone() is not None
    if asked.excluded:
        hit = hit and words.execute("SELECT 1 FROM words WHERE words MATCH ?", (asked.excluded,)).fetchone() is None
    return hit


@settings(deadline=None)
@given(st.text(max_size=80) | st.text('"()*^:-+ NEARORANDT{}\0a', max_size=40))
@example('title:"x')
@example('a NEAR(b c) {title} : ^"')
def test_no_query_is_a_syntax_error(words: sqlite3.Connection, text: str) -> None:
    found(words, text)


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("cafe boats", True), ("boa", True), ('"blue boats"', True), ('"boats blue"', False), ("boats -cars", False),
        ("boats -planes", True), ('boats -"red cars"', False), ("boats NOT cars", False), ("title:boats", False),
        ("(boats", True), ('"blue', True), ("boats +++", True), ("+++", False), ("blue* AND boats", False), ("boats OR cars", True),
        ("- boats", True), ("", False),
    ],
)  # fmt: skip
def test_words_phrases_and_exclusions(words: sqlite3.Connection, text: str, hit: bool) -> None:
    assert found(words, text) is hit
