"""The reader of Anthropic's own API: its events, cut anywhere, with the fields that come and go."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskbell_relay.ai.failure import Failure
from deskbell_relay.ai.messages import MESSAGES, MOST_TOKENS, MessagesReader


def event(kind: str, **more: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n".encode()


def text(piece: str) -> bytes:
    return event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})


START = event("message_start", message={"id": "m", "content": [], "usage": {"input_tokens": 9, "output_tokens": 1}})
OPEN = event("content_block_start", index=0, content_block={"type": "text", "text": ""})
PING = event("ping")
CLOSE = event("content_block_stop", index=0)


def end(reason: str = "end_turn", **usage: Any) -> bytes:
    delta = {"stop_reason": reason, "stop_sequence": None}
    return event("message_delta", delta=delta, usage={"output_tokens": 4} | usage) + event("message_stop")


def read(*pieces: bytes) -> tuple[str, MessagesReader]:
    reader = MessagesReader("Claude", "sk-canary")
    texts = [one for piece in pieces for one in reader.feed(piece)]
    if reader.failure is not None:
        raise reader.failure
    return "".join(texts), reader


@given(
    st.lists(st.text(st.characters(codec="utf-8"), max_size=9), max_size=8),
    st.lists(st.integers(0, 4_000), max_size=12),
)
def test_any_chunking_of_a_stream_gives_the_same_answer(pieces: list[str], cuts: list[int]) -> None:
    stream = START + OPEN + PING + b"".join(map(text, pieces)) + CLOSE + end()
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    answer, reader = read(*(stream[start:stop] for start, stop in itertools.pairwise(places)))
    assert answer == "".join(pieces)
    assert (reader.complete, reader.finish_reason) == (True, "stop")
    assert reader.usage is not None
    assert (reader.usage.prompt_tokens, reader.usage.completion_tokens) == (9, 4)


@pytest.mark.parametrize(
    ("reason", "word"),
    [("end_turn", "stop"), ("stop_sequence", "stop"), ("max_tokens", "length"), ("refusal", "content_filter")],
)
def test_its_reasons_are_said_in_the_words_of_the_others(reason: str, word: str) -> None:
    assert read(START, text("a"), end(reason))[1].finish_reason == word


def test_a_reason_of_tomorrow_is_passed_on_and_an_event_of_tomorrow_is_passed_over() -> None:
    answer, reader = read(START, event("sparkle", what={}), text("a"), end("sleepy"))
    assert (answer, reader.finish_reason) == ("a", "sleepy")


def test_what_was_cached_is_part_of_the_prompt_and_the_last_sum_counts() -> None:
    _, reader = read(START, end(input_tokens=2, cache_read_input_tokens=7, cache_creation_input_tokens=None))
    assert reader.usage is not None
    assert reader.usage.prompt_tokens == 9


def test_thoughts_are_no_text_but_a_sign_of_life_and_a_ping_is_neither() -> None:
    reader = MessagesReader("Claude")
    for thought in (
        event("content_block_start", index=0, content_block={"type": "thinking", "thinking": ""}),
        event("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "hm"}),
        event("content_block_delta", index=0, delta={"type": "signature_delta", "signature": "x"}),
    ):
        assert reader.feed(thought) == []
        assert reader.thinking
    assert reader.feed(PING) == []
    assert not reader.thinking


def test_an_error_among_the_events_is_an_error_and_keeps_the_key_to_itself() -> None:
    with pytest.raises(Failure) as raised:
        read(START, text("a"), event("error", error={"type": "overloaded_error", "message": "busy, sk-canary"}))
    assert (raised.value.code, raised.value.detail) == ("provider_overloaded", "Claude reports an error: busy, (key)")


@pytest.mark.parametrize(
    "piece",
    [
        b"data: {broken\n\n",
        b"data: []\n\n",
        event("content_block_delta", delta="text"),
        event("content_block_delta"),
        event("content_block_start", content_block={"type": "text"}),
        event("message_start", message=7),
        event("message_delta", delta=None),
    ],
)
def test_what_cannot_be_read_is_said_to_be_so(piece: bytes) -> None:
    with pytest.raises(Failure) as raised:
        read(START, piece)
    assert raised.value.code == "provider_garbled"


def test_without_a_reason_the_answer_is_not_whole() -> None:
    assert not read(START, text("a"), event("message_stop"))[1].finished


def test_an_answer_in_one_document_is_read_all_the_same() -> None:
    reader = MessagesReader("Claude")
    content = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "whole"}]
    usage = {"input_tokens": 3, "output_tokens": 2}
    assert reader.whole(json.dumps({"content": content, "stop_reason": "end_turn", "usage": usage}).encode()) == [
        "whole"
    ]
    assert reader.finish_reason == "stop"
    with pytest.raises(Failure):
        MessagesReader("Claude").whole(b'{"type":"error","error":{"type":"api_error","message":"no"}}')
    with pytest.raises(Failure):
        MessagesReader("Claude").whole(b'{"content":7}')


def test_system_messages_stand_apart_and_a_limit_is_always_sent() -> None:
    conversation = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
        {"role": "system", "content": "Be kind."},
    ]
    assert MESSAGES.body("m", conversation) == {
        "model": "m",
        "max_tokens": MOST_TOKENS,
        "messages": [{"role": "user", "content": "Hello"}],
        "system": "Be brief.\n\nBe kind.",
        "stream": True,
    }
    assert "system" not in MESSAGES.body("m", conversation[1:2])
