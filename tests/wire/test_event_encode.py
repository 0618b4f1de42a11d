"""The encoder writes frames that the decoder reads back, and nothing that could break a stream."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskbell_wire.event import MAX_RETRY_MS, Cursor, Decoder, ServerSentEvent, encode, encode_comment

texts = st.text(st.characters(exclude_categories=["Cs"]))
lively_texts = st.one_of(
    texts, st.text(st.sampled_from("\r\n\0\ufeff\u2028\x85\x0b :ad😀")), st.text(st.sampled_from("\r\n"))
)
one_liners = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"))
names = one_liners.filter(lambda name: name not in {"", "error", "open"})


def with_line_feeds(data: str) -> str:
    return data.replace("\r\n", "\n").replace("\r", "\n")


@settings(deadline=None)
@given(event=names, data=lively_texts, event_id=st.none() | one_liners, retry=st.none() | st.integers(0, MAX_RETRY_MS))
def test_what_was_encoded_is_decoded(event: str, data: str, event_id: str | None, retry: int | None) -> None:
    decoder = Decoder()
    events = decoder.feed(encode(event, data, id=event_id, retry_ms=retry))
    assert events == [ServerSentEvent(event, with_line_feeds(data), event_id or "")]
    assert decoder.last_event_id == (event_id or "")
    assert decoder.retry_ms == retry


@settings(deadline=None)
@given(all_data=st.lists(lively_texts, max_size=6), comment=lively_texts, size=st.integers(1, 40))
def test_frames_and_comments_in_a_row_keep_apart(all_data: list[str], comment: str, size: int) -> None:
    stream = encode_comment(comment) + b"".join(encode("token", data) + encode_comment(comment) for data in all_data)
    decoder = Decoder()
    events = [event for at in range(0, len(stream), size) for event in decoder.feed(stream[at : at + size])]
    assert events == [ServerSentEvent("token", with_line_feeds(data), "") for data in all_data]


def test_a_frame_has_its_fields_in_order_and_one_blank_line() -> None:
    frame = encode("command", '{"a":1}', id=str(Cursor("8f3a", 7)), retry_ms=250)
    assert frame == b'retry: 250\nid: 8f3a-7\nevent: command\ndata: {"a":1}\n\n'


def test_the_default_type_needs_no_event_line() -> None:
    assert encode("message", "[DONE]") == b"data: [DONE]\n\n"


def test_each_kind_of_line_end_starts_a_data_line() -> None:
    frame = encode("e", "a\rb\nc\r\nd\n\re\r\n")
    assert frame == b"event: e\ndata: a\ndata: b\ndata: c\ndata: d\ndata: \ndata: e\ndata: \n\n"


def test_other_separators_stay_inside_their_line() -> None:
    assert encode("e", "a\u2028b\x0bc\x85d").count(b"data: ") == 1


def test_empty_data_is_an_event_all_the_same() -> None:
    assert Decoder().feed(encode("e", "")) == [ServerSentEvent("e", "", "")]


def test_an_empty_id_resets_and_none_leaves() -> None:
    decoder = Decoder()
    decoder.feed(encode("e", "x", id="1") + encode("e", "x"))
    assert decoder.last_event_id == "1"
    decoder.feed(encode("e", "x", id=""))
    assert decoder.last_event_id == ""


@pytest.mark.parametrize("bad", ["a\nb", "a\rb", "a\0b", "\n", "\r\n", "x\ndata: forged", "a\n"])
def test_a_line_end_or_nul_in_a_name_or_id_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match=r"event name .* CR, LF or NUL"):
        encode(bad, "x")
    with pytest.raises(ValueError, match=r"event id .* CR, LF or NUL"):
        encode("e", "x", id=bad)


@pytest.mark.parametrize("name", ["error", "open"])
def test_an_event_is_never_named_as_the_connections_own(name: str) -> None:
    for _ in range(2):  # the memory of names must not let the second one through
        with pytest.raises(ValueError, match="must not be named"):
            encode(name, "x")


def test_an_event_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a name"):
        encode("", "x")


@pytest.mark.parametrize("retry", [-1, MAX_RETRY_MS + 1])
def test_a_retry_out_of_bounds_is_refused(retry: int) -> None:
    with pytest.raises(ValueError, match="retry_ms must be from 0"):
        encode("e", "x", retry_ms=retry)


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogates not allowed"):
        encode("e", "\ud83d")


def test_a_comment_is_lines_without_a_blank_one() -> None:
    assert encode_comment("ping") == b": ping\n"
    assert encode_comment("a\r\nb\rc\n\nd") == b": a\n: b\n: c\n: \n: d\n"
