"""The shared byte corpus: what every decoder of ours makes of a stream, wherever the stream is cut."""

import base64
import json
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskbell_wire.event import Decoder, EventTooLarge, ServerSentEvent

CORPUS = Path(__file__).parents[2] / "wire" / "examples" / "sse"
CASES: dict[str, dict[str, Any]] = {
    f"{path.stem}: {case['name']}": case
    for path in sorted(CORPUS.glob("*.json"))
    for case in json.loads(path.read_text(encoding="utf-8"))["cases"]
}
FILES = {"standard", "line_ends", "data", "comment", "event", "id", "retry", "utf8", "limit"}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def stream_of(case: dict[str, Any]) -> bytes:
    if "base64" in case:
        return base64.b64decode(case["base64"], validate=True)
    return str(case["text"]).encode()


def check(case: dict[str, Any], chunks: Iterable[bytes]) -> None:
    decoder = Decoder(case["max_event_bytes"]) if "max_event_bytes" in case else Decoder()
    events: list[ServerSentEvent] = []
    too_large = False
    for chunk in chunks:
        try:
            events += decoder.feed(chunk)
        except EventTooLarge as error:
            events += error.events
            too_large = True
            break
    assert events == [ServerSentEvent(**event) for event in case["events"]]
    assert too_large == case.get("too_large", False)
    assert decoder.last_event_id == case["last_event_id"]
    assert decoder.retry_ms == case["retry_ms"]


def test_the_corpus_has_every_file_and_enough_cases() -> None:
    assert {path.stem for path in CORPUS.glob("*.json")} == FILES
    assert len(CASES) >= 60


@every_case
def test_a_stream_in_one_piece(case: dict[str, Any]) -> None:
    check(case, [stream_of(case)])


@every_case
def test_a_stream_byte_by_byte(case: dict[str, Any]) -> None:
    stream = stream_of(case)
    check(case, [stream[at : at + 1] for at in range(len(stream))])


@every_case
def test_a_stream_byte_by_byte_with_empty_chunks_between(case: dict[str, Any]) -> None:
    stream = stream_of(case)
    check(case, [piece for at in range(len(stream)) for piece in (b"", stream[at : at + 1], b"")])


@every_case
def test_a_stream_cut_in_two_anywhere(case: dict[str, Any]) -> None:
    stream = stream_of(case)
    for at in range(len(stream) + 1):
        check(case, [stream[:at], stream[at:]])


@settings(deadline=None)
@given(case=st.sampled_from(list(CASES.values())), cuts=st.lists(st.integers(0, 500), max_size=12))
def test_a_stream_cut_anywhere_into_many(case: dict[str, Any], cuts: list[int]) -> None:
    stream = stream_of(case)
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    check(case, [stream[start:end] for start, end in pairwise(places)])
