"""A gateway before a real model: `python -m bench.ai.peers.gateway --port N --to URL [--tokens N] [--pieces N]`.

It makes the model say the same to everybody (no temperature, one seed, `--tokens` at most), and joins `--pieces` tokens to
one event, as providers do that send an answer in chunks. The key of the server behind it comes in the environment.
"""

import json
import os
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from aiohttp import web

from bench.serving import serve, with_port

KEY = "BENCH_UPSTREAM_KEY"


class Gateway:
    """Passes chat completions on."""

    def __init__(self, to: str, tokens: int, pieces: int) -> None:
        self._to = to
        self._pieces = pieces
        self._same: dict[str, Any] = {"max_tokens": tokens, "temperature": 0, "seed": 1} if tokens else {}

    async def session(self, _app: web.Application) -> AsyncIterator[None]:
        """One client for the life of the process."""
        headers = {"Authorization": f"Bearer {os.environ.get(KEY, 'none')}"}
        async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=None)) as self._session:
            yield

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/chat/completions`, streamed or whole."""
        body = {**await request.json(), **self._same}
        async with self._session.post(f"{self._to}/chat/completions", json=body) as answer:
            if not body.get("stream") or answer.status != 200:
                return web.Response(
                    status=answer.status, body=await answer.read(), content_type=answer.content_type or None
                )
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await response.prepare(request)
            held: list[dict[str, Any]] = []
            async for line in answer.content:
                if not line.startswith(b"data:"):
                    continue
                token = _token(line)
                if token is not None:
                    held.append(token)
                if held and (token is None or len(held) == self._pieces):
                    await response.write(_joined(held))
                    held = []
                if token is None:
                    await response.write(line + b"\n")
            return response


def _token(line: bytes) -> dict[str, Any] | None:
    """The chunk, if it carries text and nothing else."""
    if line.strip() == b"data: [DONE]":
        return None
    chunk: dict[str, Any] = json.loads(line[5:])
    choices = chunk.get("choices") or []
    return chunk if choices and choices[0]["delta"].get("content") and not choices[0].get("finish_reason") else None


def _joined(chunks: list[dict[str, Any]]) -> bytes:
    """One event with the text of all."""
    last = chunks[-1]
    last["choices"][0]["delta"]["content"] = "".join(chunk["choices"][0]["delta"]["content"] for chunk in chunks)
    return b"data: " + json.dumps(last, separators=(",", ":")).encode() + b"\n\n"


def main() -> None:
    """Serve on the given loopback port until SIGTERM."""
    parser = with_port()
    parser.add_argument("--to", required=True, help="the provider's address, up to /v1")
    parser.add_argument("--tokens", type=int, default=0, help="the most that it may answer")
    parser.add_argument("--pieces", type=int, default=1, help="tokens that are sent together")
    options = parser.parse_args()
    gateway = Gateway(options.to, options.tokens, options.pieces)
    app = web.Application()
    app.cleanup_ctx.append(gateway.session)
    app.router.add_post("/v1/chat/completions", gateway.complete)
    serve(app, options.port)


if __name__ == "__main__":
    main()
