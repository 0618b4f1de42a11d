"""Anthropic's Messages API: what is asked, and how its events are read.

Its own API, because Anthropic calls its OpenAI-compatible layer one for tests and comparisons, not for production
(platform.claude.com, "OpenAI SDK compatibility"). The events: platform.claude.com, "Streaming messages".
"""

from typing import Any, Final

from deskbell_relay.ai.answer import AnswerReader, Api

MOST_TOKENS: Final = 32_000
"""The API demands a limit. This is more than the relay's own cap on an answer, and each Claude since 4 takes it."""

VERSION: Final = "2023-06-01"
"""Of the API, by its header; the only one there is."""

_REASONS: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
}
"""`stop_reason` in the words that all other providers use."""


class MessagesReader(AnswerReader):
    """Reads the events from `message_start` to `message_stop`; unknown ones are passed over, as the API asks of readers."""

    _prompt_tokens: object = None

    def _take(self, data: str, texts: list[str]) -> None:
        event = self._parsed(data)
        try:
            self._take_event(event, texts)
        except (AttributeError, KeyError, TypeError) as error:
            raise self._garbled("an event of another shape") from error

    def _take_event(self, event: dict[str, Any], texts: list[str]) -> None:
        match event.get("type"):
            case "content_block_delta":
                self._take_block(event["delta"], texts)
            case "content_block_start":
                self._take_block(event["content_block"], texts)
            case "message_start":
                self._take_usage(event["message"].get("usage"))
            case "message_delta":
                self._take_usage(event.get("usage"))
                self._take_reason(event["delta"].get("stop_reason"))
            case "message_stop":
                self.complete = True
            case "error":
                raise self._reported(event.get("error"))

    def _take_whole(self, document: dict[str, Any], texts: list[str]) -> None:
        if document.get("type") == "error":
            raise self._reported(document.get("error"))
        for block in document["content"]:
            self._take_block(block, texts)
        self._take_usage(document.get("usage"))
        self._take_reason(document.get("stop_reason"))

    def _take_block(self, block: dict[str, Any], texts: list[str]) -> None:
        if block.get("type") in ("text", "text_delta"):
            text = block["text"]
            if text:
                self._say(text, texts)
        else:
            self.thinking = True

    def _take_usage(self, usage: dict[str, Any] | None) -> None:
        """Sums so far: the prompt's at the start (what was cached is counted apart), the answer's at the end."""
        if not usage:
            return
        if isinstance(usage.get("input_tokens"), int):
            cached = usage.get("cache_creation_input_tokens"), usage.get("cache_read_input_tokens")
            self._prompt_tokens = usage["input_tokens"] + sum(tokens or 0 for tokens in cached)
        self._count(self._prompt_tokens, usage.get("output_tokens"))

    def _take_reason(self, reason: str | None) -> None:
        self._end(_REASONS.get(reason, reason) if reason else None)


def _body(model: str, messages: list[dict[str, str]]) -> dict[str, Any]:
    """System messages stand apart from the conversation."""
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": MOST_TOKENS,
        "messages": [message for message in messages if message["role"] != "system"],
        "stream": True,
    }
    system = "\n\n".join(message["content"] for message in messages if message["role"] == "system")
    return body | {"system": system} if system else body


MESSAGES: Final = Api(
    "/messages", MessagesReader, _body, key_header="x-api-key", headers={"anthropic-version": VERSION}
)
