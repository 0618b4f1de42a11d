"""How a run's log reads on the wire: one class a dialect, one frame for each entry of the log.

native: named events with ids, resumable. openai: chat completion chunks. vercel: the AI SDK's UI message stream.
The latter two carry no ids: their readers would stumble over a ping after one, and begin anew anyway.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, Protocol

from deskbell_wire.clock import SECOND
from deskbell_wire.errors import DOCS
from deskbell_wire.event import MAX_SEQ, encode
from deskbell_wire.run import EndEvent, RunNotice

RETRY_MS: Final = 1_000

_string = json.encoder.encode_basestring  # a JSON string; the only part of a token's frame that changes


class Dialect(Protocol):
    """Makes the frames of one run. Entry 0 opens the stream, 1 to n are its tokens, the last one is its end."""

    name: str
    resumable: bool
    headers: Mapping[str, str]
    ping: bytes

    def opening(self) -> bytes: ...

    def token(self, number: int, text: str) -> bytes: ...

    def end(self, number: int, end: EndEvent) -> bytes: ...


def cursor_name(run_id: str) -> str:
    """The run's name in its cursors: `<name>-<entry>`, of letters and digits alone."""
    return run_id.removeprefix("run_").replace("-", "")


def run_of_cursor(name: str) -> str:
    """The id of the run with that name in its cursors, if there is one."""
    return f"run_{name[:8]}-{name[8:12]}-{name[12:16]}-{name[16:20]}-{name[20:]}"


class Native:
    """`run`, then `token` events, then one `end`."""

    name = "native"
    resumable = True
    headers: Mapping[str, str] = {}
    ping = b"event: ping\ndata: {}\n\n"

    def __init__(self, notice: RunNotice, created_at: int) -> None:
        self._notice = notice
        self._cursor = cursor_name(notice.id)

    def opening(self) -> bytes:
        return encode("run", self._notice.model_dump_json(), id=f"{self._cursor}-0", retry_ms=RETRY_MS)

    def token(self, number: int, text: str) -> bytes:
        return f'id: {self._cursor}-{number}\nevent: token\ndata: {{"text":{_string(text)}}}\n\n'.encode()

    def end(self, number: int, end: EndEvent) -> bytes:
        return _native_end(self._cursor, number, end)


def lost(run_id: str, end: EndEvent) -> bytes:
    """The native end of a run whose log has gone with its relay."""
    return _native_end(cursor_name(run_id), MAX_SEQ, end)


def _native_end(cursor: str, number: int, end: EndEvent) -> bytes:
    return encode("end", end.model_dump_json(), id=f"{cursor}-{number}")


class OpenAi:
    """What `chat.completions` streams with `include_usage`: a first chunk with the role, `[DONE]` at the end."""

    name = "openai"
    resumable = False
    headers: Mapping[str, str] = {}
    ping = b"\n"
    """Not a comment: a comment and a blank line is an empty event to some readers of this dialect."""

    def __init__(self, notice: RunNotice, created_at: int) -> None:
        self._frame: dict[str, Any] = {
            "id": notice.id,
            "object": "chat.completion.chunk",
            "created": created_at // SECOND,
            "model": notice.model,
        }
        head = json.dumps(self._frame, separators=(",", ":"))[:-1]
        self._before = f'data: {head},"choices":[{{"index":0,"delta":{{"content":'
        self._after = '},"finish_reason":null}]}\n\n'

    def opening(self) -> bytes:
        return self._chunk([{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])

    def token(self, number: int, text: str) -> bytes:
        return f"{self._before}{_string(text)}{self._after}".encode()

    def end(self, number: int, end: EndEvent) -> bytes:
        if end.status == "error":
            error = {"message": end.message, "type": "server_error", "code": end.code, "param": None}
            return _data({"error": error}) + b"data: [DONE]\n\n"
        reason = end.finish_reason or "stop"
        usage = {
            "prompt_tokens": end.usage.prompt_tokens,
            "completion_tokens": end.usage.completion_tokens,
            "total_tokens": end.usage.total,
        }
        last = self._chunk([{"index": 0, "delta": {}, "finish_reason": reason}])
        return last + _data({**self._frame, "choices": [], "usage": usage}) + b"data: [DONE]\n\n"

    def _chunk(self, choices: list[dict[str, Any]]) -> bytes:
        return _data({**self._frame, "choices": choices})


_FINISH: Final = {"stop": "stop", "length": "length", "content_filter": "content-filter"}


class Vercel:
    """The AI SDK's UI message stream, version 1 (ai-sdk.dev, "Stream protocols")."""

    name = "vercel"
    resumable = False
    headers: Mapping[str, str] = {"x-vercel-ai-ui-message-stream": "v1"}
    ping = b"\n"

    def __init__(self, notice: RunNotice, created_at: int) -> None:
        self._id = notice.id

    def opening(self) -> bytes:
        return _data({"type": "start", "messageId": self._id}) + _data({"type": "text-start", "id": "0"})

    def token(self, number: int, text: str) -> bytes:
        return f'data: {{"type":"text-delta","id":"0","delta":{_string(text)}}}\n\n'.encode()

    def end(self, number: int, end: EndEvent) -> bytes:
        frames = _data({"type": "text-end", "id": "0"})
        if end.status == "error":
            frames += _data({"type": "error", "errorText": f"{end.message} ({DOCS}#{end.code})"})
        elif end.status == "stopped":
            frames += _data({"type": "abort"})
        else:
            reason = _FINISH.get(end.finish_reason or "stop", "other")
            frames += _data({"type": "finish", "finishReason": reason})
        return frames + b"data: [DONE]\n\n"


DIALECTS: Final[Mapping[str, type[Native] | type[OpenAi] | type[Vercel]]] = {
    "native": Native,
    "openai": OpenAi,
    "vercel": Vercel,
}


def _data(value: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"
