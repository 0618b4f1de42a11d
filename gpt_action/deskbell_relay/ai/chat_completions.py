"""OpenAI's chat completions, which most providers speak: what is asked, and how its chunks are read."""

from typing import Any, Final

from deskbell_relay.ai.answer import AnswerReader, Api
from deskbell_relay.ai.failure import Failure


class ChatCompletionsReader(AnswerReader):
    """Reads `chat.completion.chunk` objects up to `[DONE]`."""

    def _take(self, data: str, texts: list[str]) -> None:
        if data == "[DONE]":
            self.complete = True
            return
        chunk = self._parsed(data)
        try:
            self._take_part(chunk, "delta", texts)
        except (AttributeError, KeyError, TypeError, IndexError) as error:
            raise self._garbled("a chunk of another shape") from error

    def _take_whole(self, document: dict[str, Any], texts: list[str]) -> None:
        self._take_part(document, "message", texts)

    def _take_part(self, chunk: dict[str, Any], part: str, texts: list[str]) -> None:
        error = chunk.get("error")
        if error:
            raise self._reported(error)
        usage = chunk.get("usage")
        if isinstance(usage, dict):
            # Some send the sum so far with every chunk, most send it once at the end: the last one counts.
            self._count(usage.get("prompt_tokens"), usage.get("completion_tokens"))
        if chunk.get("prompt_progress"):  # llama.cpp, asked for it: it reads the prompt
            self.thinking = True
        choices = chunk.get("choices")
        if not choices:
            return  # [] or null: a chunk about usage, or a filter's remark
        choice = choices[0]
        delta = choice.get(part)
        if delta:
            content = delta.get("content")
            text = content if isinstance(content, str) else _joined(content) or delta.get("refusal") or ""
            if text:
                self._say(text, texts)
            elif delta.get("reasoning_content") or delta.get("reasoning"):
                self.thinking = True
        reason = choice.get("finish_reason")
        if reason == "error":
            raise Failure("provider_failed", f"{self._title} gave up in the middle of the answer.")
        self._end(reason)


def _joined(content: Any) -> str:
    """The text of a content that is a list of typed parts."""
    if not isinstance(content, list):
        return ""
    return "".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))


def _plain(model: str, messages: list[dict[str, str]]) -> dict[str, Any]:
    return {"model": model, "messages": messages, "stream": True}


def _with_usage(model: str, messages: list[dict[str, str]]) -> dict[str, Any]:
    return _plain(model, messages) | {"stream_options": {"include_usage": True}}


CHAT_COMPLETIONS: Final = Api("/chat/completions", ChatCompletionsReader, _with_usage)
"""What all of them take, and no field that one of them refuses."""

WITHOUT_STREAM_OPTIONS: Final = Api("/chat/completions", ChatCompletionsReader, _plain)
"""For a provider that refuses `stream_options`."""
