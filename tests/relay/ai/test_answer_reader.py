"""The reader of providers' streams: any chunking gives the same answer, and every quirk is met."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paced_provider import DONE, USAGE, data, delta

from deskbell_relay.ai.chat_completions import ChatCompletionsReader
from deskbell_relay.ai.failure import Failure, words

ANY_TEXT = st.text(st.characters(codec="utf-8"), max_size=12)


def read(*pieces: bytes) -> tuple[str, ChatCompletionsReader]:
    reader = ChatCompletionsReader("Mock", "sk-canary")
    texts = [text for piece in pieces for text in reader.feed(piece)]
    if reader.failure is not None:
        raise reader.failure
    return "".join(texts), reader


@given(
    st.lists(st.tuples(ANY_TEXT, st.booleans(), st.sampled_from([b"\n", b"\r\n", b"\r"])), max_size=8),
    st.lists(st.integers(0, 2_000), max_size=12),
)
def test_any_chunking_of_a_stream_gives_the_same_answer(pieces: list[tuple[str, bool, bytes]], cuts: list[int]) -> None:
    stream = b""
    for text, raw, line_end in pieces:  # as UTF-8 or escaped, with every line end, with comments and other fields
        value = {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}
        line = b"data:" + json.dumps(value, ensure_ascii=not raw).encode() + line_end + line_end
        stream += b": OPENROUTER PROCESSING" + line_end + b"id: 7" + line_end + line
    stream += delta(None, "stop") + data({"choices": [], "usage": USAGE}) + DONE
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    chunks = [stream[start:end] for start, end in itertools.pairwise(places)]
    answer, reader = read(*chunks)
    assert answer == "".join(text for text, _, _ in pieces)
    assert reader.complete
    assert reader.finish_reason == "stop"
    assert reader.usage is not None


def test_cumulative_usage_counts_once_and_the_last_is_right() -> None:
    _, reader = read(
        delta("a", usage={"prompt_tokens": 5, "completion_tokens": 1}),
        delta("b", usage={"prompt_tokens": 5, "completion_tokens": 2}),
        delta("c", "stop", usage={"prompt_tokens": 5, "completion_tokens": 3}),
    )
    assert reader.usage is not None
    assert reader.usage.completion_tokens == 3


@pytest.mark.parametrize(
    "chunk",
    [
        {"choices": []},
        {"choices": None},
        {},
        {"choices": [{"delta": None}]},
        {"choices": [{"delta": {"content": None}}]},
        {"choices": [{"delta": {"role": "assistant"}}], "usage": None},
        {"choices": [{"delta": {"content": ""}}], "usage": {"prompt_tokens": None}},
        {"choices": [{"index": 0}], "error": None},
    ],
)
def test_a_chunk_without_text_is_no_text_and_no_error(chunk: dict[str, Any]) -> None:
    assert read(data(chunk))[0] == ""


@pytest.mark.parametrize(
    "piece",
    [
        b"data: {broken\n\n",
        b"data: 7\n\n",
        b"data: null\n\n",
        b'data: {"choices": [7]}\n\n',
        b'data: {"choices": {"a": 1}}\n\n',
        b'data: {"choices": [{"delta": "text"}]}\n\n',
        b"data: " + b"[" * 100_000 + b"\n\n",
        b"data: " + b"x" * 2_000_000,
    ],
)
def test_what_cannot_be_read_is_said_to_be_so(piece: bytes) -> None:
    with pytest.raises(Failure) as raised:
        read(piece)
    assert raised.value.code == "provider_garbled"


def test_an_error_among_the_data_is_an_error_and_keeps_the_key_to_itself() -> None:
    with pytest.raises(Failure) as raised:
        read(delta("a"), data({"error": {"code": 429, "message": "slow down, sk-canary\x1b[31m\u202e!"}}))
    assert raised.value.code == "provider_overloaded"
    assert raised.value.detail == "Mock reports an error: slow down, (key) [31m !"


def test_parts_of_a_list_and_refusals_are_text_and_thoughts_are_a_sign_of_life() -> None:
    parts = {"content": [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]}
    assert read(data({"choices": [{"delta": parts}]}))[0] == "ab"
    assert read(data({"choices": [{"delta": {"content": None, "refusal": "No."}}]}))[0] == "No."
    text, reader = read(data({"choices": [{"delta": {"reasoning_content": "hm"}}]}))
    assert (text, reader.thinking) == ("", True)
    reading = {"choices": [{"delta": {"content": None}}], "prompt_progress": {"total": 700, "processed": 32}}
    text, reader = read(data(reading))
    assert (text, reader.thinking) == ("", True)


def test_an_emoji_that_a_provider_cuts_in_two_arrives_whole() -> None:
    first, second = (
        b'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n' % text for text in (b"a\\ud83c", b"\\udf89b")
    )
    reader = ChatCompletionsReader("Mock")
    assert (reader.feed(first), reader.feed(second)) == (["a"], ["🎉b"])
    assert read(first + b'data: {"choices":[{"delta":{"content":"c"}}]}\n\n')[0] == "a\ufffdc", "no other half came"
    assert read(second)[0] == "\ufffdb"


def test_after_done_nothing_counts() -> None:
    assert read(delta("a", "stop") + DONE + delta("b"))[0] == "a"


@given(st.text())
def test_a_providers_words_are_one_short_printable_line(text: str) -> None:
    said = words(text, None)
    assert len(said) <= 300
    assert said == said.encode("utf-8").decode()
    assert not {"\n", "\r", "\x1b", "\x00", "\u202e", "\u2028", "\u2066"} & set(said)
