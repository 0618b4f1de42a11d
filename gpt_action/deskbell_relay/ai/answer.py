"""Reads a provider's stream of events, cut anywhere: texts out, and at the end what it said of itself.

Incremental and without a model per chunk: those are the main cost of the SDK's own reader. One subclass an API, in a file
of its own beside what that API is asked with: `chat_completions.py`, `messages.py`.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from deskbell_relay.ai.failure import Failure, sentence
from deskbell_wire.event import Decoder, EventTooLarge
from deskbell_wire.run import Usage

MOST_EVENT_BYTES: Final = 1_000_000

_OVERLOADED: Final = frozenset({"429", "503", "529", "rate_limit_exceeded", "rate_limit_error", "overloaded_error"})


class AnswerReader(ABC):
    """`feed` it bytes until `complete` or `failure`; ask `finished` at their end."""

    def __init__(self, title: str, key: str | None = None) -> None:
        """`title` is the provider's name in sentences; `key` is kept out of them."""
        self._title = title
        self._key = key
        self._decoder = Decoder(MOST_EVENT_BYTES)
        self._half = ""  # of a pair, see `_say`
        self.finish_reason: str | None = None
        """Why it ended: `stop`, `length`, `content_filter`, or the provider's own word."""
        self.usage: Usage | None = None
        self.complete = False
        """Whether the stream's last event has come."""
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
                self._take(event.data, texts)
        except Failure as failure:
            self.failure = failure
        return texts

    def whole(self, body: bytes) -> list[str]:
        """The same for a provider that answers with one JSON document instead of a stream. Raises Failure."""
        texts: list[str] = []
        try:
            self._take_whole(self._parsed(body), texts)
        except (AttributeError, KeyError, TypeError, IndexError) as error:
            raise self._garbled("a document of another shape") from error
        self.complete = True
        return texts

    @property
    def finished(self) -> bool:
        """Whether the provider said why it ended: without that, what came is not an answer."""
        return self.finish_reason is not None

    @abstractmethod
    def _take(self, data: str, texts: list[str]) -> None:
        """Read one event's data. Raises Failure."""

    @abstractmethod
    def _take_whole(self, document: dict[str, Any], texts: list[str]) -> None:
        """Read the one document. Raises Failure, or what comes of another shape."""

    def _parsed(self, data: str | bytes) -> dict[str, Any]:
        try:
            value = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise self._garbled("a chunk that is not JSON") from error
        if not isinstance(value, dict):
            raise self._garbled("a chunk that is no JSON object")
        return value

    def _say(self, text: str, texts: list[str]) -> None:
        """A piece of the answer. Half a surrogate pair, which JSON can hold and UTF-8 cannot, waits for its other half."""
        if self._half or not text.isascii():
            text, self._half = self._half + text, ""
            if "\ud800" <= text[-1:] <= "\udbff":
                text, self._half = text[:-1], text[-1]
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if text:
            texts.append(text)

    def _end(self, reason: object) -> None:
        if reason:
            self.finish_reason = str(reason)[:40]

    def _count(self, prompt: object, completion: object) -> None:
        if isinstance(prompt, int) and isinstance(completion, int) and prompt >= 0 and completion >= 0:
            self.usage = Usage(prompt_tokens=prompt, completion_tokens=completion, source="provider")

    def _reported(self, error: Any) -> Failure:
        said = error if isinstance(error, dict) else {"message": error}
        overloaded = str(said.get("code")) in _OVERLOADED or str(said.get("type")) in _OVERLOADED
        return Failure(
            "provider_overloaded" if overloaded else "provider_failed",
            sentence(f"{self._title} reports an error", said.get("message"), self._key),
        )

    def _garbled(self, what: str) -> Failure:
        return Failure("provider_garbled", f"{self._title} sent {what}.")


@dataclass(frozen=True, slots=True)
class Api:
    """How a provider is asked, and who reads what it answers."""

    path: str
    """Below the provider's address."""
    reader: Callable[[str, str | None], AnswerReader]
    """Made with the provider's title and key."""
    body: Callable[[str, list[dict[str, str]]], dict[str, Any]]
    """The request's body, of a model's name and a conversation."""
    key_header: str = "Authorization"
    """Where the key goes: `Authorization` takes it as a bearer token, others as it is."""
    headers: Mapping[str, str] = field(default_factory=dict)
