"""A cursor reads back what it wrote, and refuses everything else with a sentence."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskbell_wire.event import MAX_SEQ, Cursor

LETTERS_AND_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
epochs = st.text(LETTERS_AND_DIGITS, min_size=1, max_size=32)
seqs = st.integers(0, MAX_SEQ)


@settings(deadline=None)
@given(epoch=epochs, seq=seqs)
def test_a_cursor_reads_back_what_it_wrote(epoch: str, seq: int) -> None:
    cursor = Cursor(epoch, seq)
    assert Cursor.parse(str(cursor)) == cursor
    assert str(cursor) == f"{epoch}-{seq}"
    assert len(str(cursor)) < 64


@settings(deadline=None)
@given(text=st.one_of(st.text(max_size=80), st.from_regex(r"\A[a-zA-Z0-9]{0,34}-?[0-9]{0,21}\n?\Z")))
def test_any_text_is_a_cursor_that_writes_itself_or_a_value_error(text: str) -> None:
    try:
        cursor = Cursor.parse(text)
    except ValueError:
        return
    assert str(cursor) == text


@pytest.mark.parametrize("text", ["a-0", "Z-1", "0-0", "8f3a-9223372036854775807", "x" * 32 + "-" + str(MAX_SEQ)])
def test_a_cursor_in_bounds_is_read(text: str) -> None:
    assert str(Cursor.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "a",
        "a-",
        "-1",
        "1",
        "a-01",
        "a-00",
        "a--1",
        "a-+1",
        "a-1_0",
        "a-1.0",
        "a-1e3",
        "a-0x1",
        "a-1 ",
        " a-1",
        "a -1",
        "a-1\n",
        "a-1\r\nid: 2",
        "a-1\0",
        "a-b-1",
        "a_b-1",
        "a-9223372036854775808",
        "a-99999999999999999999",
        "a-" + "9" * 6000,
        "x" * 33 + "-1",
        "é-1",
        "a-١",
        "a-１",
        "ａ-1",
        "a–1",
        "a-²",
        "\udc80-1",
    ],
)
def test_anything_else_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape("is not <epoch>-<seq>")) as caught:
        Cursor.parse(text)
    sentence = str(caught.value)
    assert len(sentence) < 1000
    assert sentence.isascii()
    assert sentence.isprintable()


@pytest.mark.parametrize("epoch", ["", "a-b", "a b", "é", "x" * 33, "a\n", "²"])
def test_a_cursor_of_a_bad_epoch_cannot_be_made(epoch: str) -> None:
    with pytest.raises(ValueError, match="ASCII letters and digits"):
        Cursor(epoch, 1)


@pytest.mark.parametrize("seq", [-1, MAX_SEQ + 1])
def test_a_cursor_of_a_bad_seq_cannot_be_made(seq: int) -> None:
    with pytest.raises(ValueError, match="from 0 to 9223372036854775807"):
        Cursor("a", seq)
