"""Reads a provider's stream of chat completion chunks, cut anywhere: texts out, and at the end what it said of itself.

Incremental and without a model per chunk: those are the main cost of the SDK's own reader.
"""

import json
from typing import Any, Final

from deskbell_relay.ai.failure import Failure, sentence
from deskbell_wire.event import Decoder, EventTooLarge
from deskbell_wire.run import Usage

MOST_EVENT_BYTES: Final = 1_000_000


class AnswerReader:
    """`feed` it bytes until `complete` or `failure`; ask `finished` at their end."""

    def __init__(self, title: str, key: str | None = None) -> None:
        """`title` is the provider's name in sentences; `key` is kept out of them."""
        self._title = title
        self._key = key
        self._decoder = Decoder(MOST_EVENT_BYTES)
        self.finish_reason: str | None = None
        self.usage: Usage | None = None
        self.complete = False
        """Whether `[DONE]` has come."""
        self.failure: Failure | None = None
        """An error that the stream reports, or what of it cannot be read; nothing after it counts."""
        self.thinking = False
        """Whether the last bytes held thoughts that are not part of the answer: a sign of life."""

    def feed(self, chunk: bytes) -> list[str]:
        """The pieces of the answer that these bytes complete; none of them is empty. `failure` says what came after them."""
        texts: list[str] = []
        self.thinking = False
        try:
            events = self._decoder.feed(chunk)
        except EventTooLarge as error:
            events = error.events
            self.failure = self._garbled("an event without end")
        try:
            for event in events:
                if self.complete:
                    break
                if event.data == "[DONE]":
                    self.complete = True
                else:
                    self._take(self._parsed(event.data), "delta", texts)
        except Failure as failure:
            self.failure = failure
        return texts

    def whole(self, body: bytes) -> list[str]:
        """The same for a provider that answers with one JSON document instead of a stream. Raises Failure."""
        texts: list[str] = []
        self._take(self._parsed(body), "message", texts)
        self.complete = True
        return texts

    @property
    def finished(self) -> bool:
        """Whether the provider said why it ended: without that, what came is not an answer."""
        return self.finish_reason is not None

    def _parsed(self, data: str | bytes) -> dict[str, Any]:
        try:
            value = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise self._garbled("a chunk that is not JSON") from error
        if not isinstance(value, dict):
            raise self._garbled("a chunk that is no JSON object")
        return value

    def _take(self, chunk: dict[str, Any], part: str, texts: list[str]) -> None:
        error = chunk.get("error")
        if error:
            raise self._reported(error)
        usage = chunk.get("usage")
        if usage:
            self._count(usage)
        choices = chunk.get("choices")
        if not choices:
            return  # [] or null: a chunk about usage, or a filter's remark
        try:
            choice = choices[0]
            delta = choice.get(part)
            if delta:
                content = delta.get("content")
                text = content if isinstance(content, str) else _joined(content) or delta.get("refusal") or ""
                if text:
                    # Half a surrogate pair cannot be sent on; JSON can hold one when a provider cuts an escape in two.
                    texts.append(text if text.isascii() else text.encode("utf-8", "replace").decode())
                elif delta.get("reasoning_content") or delta.get("reasoning"):
                    self.thinking = True
            reason = choice.get("finish_reason")
        except (AttributeError, KeyError, TypeError, IndexError) as error:
            raise self._garbled("a chunk of another shape") from error
        if reason == "error":
            raise Failure("provider_failed", f"{self._title} gave up in the middle of the answer.")
        if reason:
            self.finish_reason = str(reason)[:40]

    def _count(self, usage: Any) -> None:
        # Some send the sum so far with every chunk, most send it once at the end: the last one counts.
        if isinstance(usage, dict):
            prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
            if isinstance(prompt, int) and isinstance(completion, int) and prompt >= 0 and completion >= 0:
                self.usage = Usage(prompt_tokens=prompt, completion_tokens=completion, source="provider")

    def _reported(self, error: Any) -> Failure:
        message = error.get("message") if isinstance(error, dict) else error
        code = error.get("code") if isinstance(error, dict) else None
        overloaded = code in (429, 503, "429", "503", "rate_limit_exceeded", "overloaded_error")
        return Failure(
            "provider_overloaded" if overloaded else "provider_failed",
            sentence(f"{self._title} reports an error", message, self._key),
        )

    def _garbled(self, what: str) -> Failure:
        return Failure("provider_garbled", f"{self._title} sent {what}.")


def _joined(content: Any) -> str:
    """The text of a content that is a list of typed parts."""
    if not isinstance(content, list):
        return ""
    return "".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
