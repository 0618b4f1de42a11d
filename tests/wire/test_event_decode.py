"""The decoder's promises beyond the corpus: any cut, any size, and no event lost to a limit."""

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deskbell_wire.event import Decoder, EventTooLarge, ServerSentEvent, encode

MEGABYTE = 1_000_000
pieces = st.sampled_from(
    [
        b"data",
        b"id",
        b"event",
        b"retry",
        b":",
        b" ",
        b"7",
        b"\0",
        b"\r",
        b"\n",
        b"\r\n",
        b"\n\n",
        b"data: x\n",
        b"id: 1\n",
    ]
)
bits_of_characters = st.sampled_from(
    [
        b"\xef\xbb\xbf",
        b"\xef",
        b"\xbb",
        b"\xbf",
        b"\xe2\x82\xac",
        b"\xe2\x82",
        b"\xff",
        b"\xf0\x9f\x98\x80",
        b"\xf0\x9f",
    ]
)
streams = st.lists(pieces | bits_of_characters | st.binary(max_size=4), max_size=40).map(b"".join)
Outcome = tuple[list[ServerSentEvent], str, int | None, bool]


def outcome(chunks: list[bytes], limit: int) -> Outcome:
    decoder = Decoder(limit)
    events: list[ServerSentEvent] = []
    for chunk in chunks:
        try:
            events += decoder.feed(chunk)
        except EventTooLarge as error:
            return [*events, *error.events], "", decoder.retry_ms, True
    return events, decoder.last_event_id, decoder.retry_ms, False


@settings(deadline=None, max_examples=400)
@given(stream=streams, cuts=st.lists(st.integers(0, 160), max_size=20), limit=st.sampled_from([3, 8, 20, 2_000_000]))
@example(stream=b"\xef\xbb\xbfdata: x\r\n\r\n", cuts=[1, 2, 3, 11, 13], limit=2_000_000)
def test_any_cut_gives_the_same_events(stream: bytes, cuts: list[int], limit: int) -> None:
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    cut_up = [stream[start:end] for start, end in pairwise(places)]
    whole = outcome([stream], limit)
    assert outcome(cut_up, limit) == whole
    assert outcome([stream[at : at + 1] for at in range(len(stream))], limit) == whole


def test_an_event_is_returned_with_the_chunk_that_ends_it() -> None:
    decoder = Decoder()
    assert decoder.feed(b"data: a\r\n") == []
    assert decoder.feed(b"\r") == [ServerSentEvent("message", "a", "")]
    assert decoder.feed(b"\n") == []


def test_a_line_of_megabytes_byte_by_byte_takes_one_pass() -> None:
    # Copying or scanning the growing line at each byte would be 8 * 10**12 bytes of work: the test's time limit ends it.
    decoder = Decoder(8 * MEGABYTE)
    assert decoder.feed(b"data: ") == []
    for _ in range(4 * MEGABYTE):
        decoder.feed(b"x")
    (event,) = decoder.feed(b"\n\n")
    assert event.data == "x" * (4 * MEGABYTE)


def test_four_megabytes_in_pieces_of_a_kilobyte_arrive_whole() -> None:
    data = "0123456789abcde\n" * (4 * MEGABYTE // 16)
    stream = encode("big", data, id="1")
    decoder = Decoder(16 * MEGABYTE)
    events = [event for at in range(0, len(stream), 1024) for event in decoder.feed(stream[at : at + 1024])]
    assert events == [ServerSentEvent("big", data, "1")]


def test_a_million_tiny_lines_in_one_event_arrive_whole() -> None:
    decoder = Decoder(8 * MEGABYTE)
    (event,) = decoder.feed(b"data:\n" * MEGABYTE + b"\n")
    assert event.data == "\n" * (MEGABYTE - 1)


def test_the_default_limit_is_two_megabytes() -> None:
    assert len(Decoder().feed(b"data: " + b"x" * (2 * MEGABYTE - 6) + b"\n\n")) == 1
    with pytest.raises(EventTooLarge, match="2000000 bytes"):
        Decoder().feed(b"data: " + b"x" * (2 * MEGABYTE - 5))


def test_a_limit_loses_neither_the_events_before_it_nor_their_place() -> None:
    decoder = Decoder(16)
    decoder.feed(b"id: 1\ndata: a\n\n")
    with pytest.raises(EventTooLarge) as caught:
        decoder.feed(b"id: 2\ndata: b\n\nid: 3\ndata: 45678901234\n\n")
    assert caught.value.events == [ServerSentEvent("message", "b", "2")]
    # Who ignores .events and reconnects from here gets event 2 again rather than never.
    assert decoder.last_event_id == "1"


def test_after_a_limit_nothing_more_is_read() -> None:
    decoder = Decoder(16)
    for chunk in (b"data: a\n\ndata: 45678901234", b"\n\n", b"data: x\n\n", b""):
        with pytest.raises(EventTooLarge) as caught:
            decoder.feed(chunk)
    assert caught.value.events == []
    assert isinstance(caught.value, ValueError)


def test_endless_comments_with_no_blank_line_never_reach_the_limit() -> None:
    decoder = Decoder(16)
    for _ in range(1000):
        assert decoder.feed(b": ping\n") == []
    assert decoder.feed(b"data: a\n\n") == [ServerSentEvent("message", "a", "")]


def test_a_limit_below_one_byte_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Decoder(0)


def test_a_retry_of_thousands_of_digits_is_read_like_any_other() -> None:
    decoder = Decoder()  # int() alone refuses more than 4,300 digits
    decoder.feed(b"retry: " + b"9" * 6000 + b"\n")
    assert decoder.retry_ms == 2**53 - 1
    decoder.feed(b"retry: " + b"0" * 6000 + b"5\n")
    assert decoder.retry_ms == 5
