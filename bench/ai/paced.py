"""A provider with a pace: `python -m bench.ai.paced --port N`, OpenAI's chat completions on 127.0.0.1.

The last message says how to answer: `wait=0.3 tokens=150 rate=50` and, when the time of each token's leaving shall be in it,
`marked=1` (`bench.load.mark`, `time.monotonic_ns`). Tokens leave at even distances, whatever the sockets do.
"""

import asyncio
import json
import time
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

from aiohttp import web

from bench.load.mark import BLANK, stamp
from bench.serving import serve, with_port

PIECES = (
    "An", " answer", " that", " pours", ",", " word", " by", " word", ",", " is", " read", " while", " it", " is", " being",
    " written", ".", " Who", " waits", " for", " the", " whole", " of", " it", " waits", " as",
    " long", " as", " it", " takes", ".",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds to the first token, how many, how many a second, and whether each carries its time."""

    wait: float = 0.3
    tokens: int = 150
    rate: float = 50.0
    marked: int = 0

    @property
    def prompt(self) -> str:
        """What a prompt must say for it."""
        return f"wait={self.wait} tokens={self.tokens} rate={self.rate} marked={self.marked}"

    @classmethod
    def told(cls, prompt: str) -> "Pace":
        """From such a prompt; what it does not say stays as usual."""
        said = dict(word.split("=", 1) for word in prompt.split() if "=" in word)
        kinds: dict[str, Any] = {"wait": float, "tokens": int, "rate": float, "marked": int}
        return cls(**{name: kind(said[name]) for name, kind in kinds.items() if name in said})

    def texts(self) -> list[str]:
        """The answer's tokens."""
        pieces = list(islice(cycle(PIECES), self.tokens))
        return [BLANK.decode() + piece for piece in pieces] if self.marked else pieces


def _document(kind: str, **more: Any) -> dict[str, Any]:
    about = {"id": "chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG", "object": kind, "created": 1_795_000_000}
    return {**about, "model": "paced", "service_tier": "default", "system_fingerprint": "fp_44709d6fcb", **more}


def _event(document: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(document, separators=(",", ":")).encode() + b"\n\n"


def _chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return _event(_document("chat.completion.chunk", choices=[choice]))


async def complete(request: web.Request) -> web.StreamResponse:
    """`POST /v1/chat/completions`, streamed or whole."""
    body = await request.json()
    pace = Pace.told(body["messages"][-1]["content"])
    loop = asyncio.get_running_loop()
    began = loop.time()
    usage = {"prompt_tokens": 20, "completion_tokens": pace.tokens, "total_tokens": 20 + pace.tokens}
    if not body.get("stream"):
        await asyncio.sleep(pace.wait + (pace.tokens - 1) / pace.rate)
        message = {"role": "assistant", "content": "".join(pace.texts()), "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return web.json_response(_document("chat.completion", choices=[choice], usage=usage))
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
    await response.prepare(request)
    frames = [_chunk({"content": text}) for text in pace.texts()]
    for number, frame in enumerate(frames):
        delay = began + pace.wait + number / pace.rate - loop.time()
        if delay > 0:
            await asyncio.sleep(delay)
        if not number:
            frame = _chunk({"role": "assistant", "content": ""}) + frame
        await response.write(stamp(frame, time.monotonic_ns()))
    last = _chunk({}, "stop")
    if (body.get("stream_options") or {}).get("include_usage"):
        last += _event(_document("chat.completion.chunk", choices=[], usage=usage))
    await response.write(last + b"data: [DONE]\n\n")
    return response


def main() -> None:
    """Serve on the given loopback port until SIGTERM."""
    options = with_port().parse_args()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", complete)
    serve(app, options.port)


if __name__ == "__main__":
    main()
