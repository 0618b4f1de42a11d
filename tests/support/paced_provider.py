"""A provider that does what a test tells it: paced, cut, stalled, failing; it notes who called and who hung up."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Script = Callable[["Exchange"], Awaitable[None]]


def delta(text: str | None = None, finish: str | None = None, **more: Any) -> bytes:
    """One chunk as OpenAI sends it."""
    choice = {"index": 0, "delta": {} if text is None else {"content": text}, "finish_reason": finish}
    return data({"id": "c", "object": "chat.completion.chunk", "choices": [choice], **more})


def data(value: Any) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


@dataclass
class Exchange:
    """One call of the relay: what it asked, and how it ended for us."""

    request: web.Request
    body: dict[str, Any]
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    closed_at: float = 0
    response: web.StreamResponse | None = None

    async def answer(self, status: int, document: Any, **headers: str) -> None:
        self.response = web.json_response(document, status=status, headers=headers)
        await self.response.prepare(self.request)
        await self.response.write_eof()

    async def send(self, *pieces: bytes) -> None:
        if self.response is None:
            self.response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await self.response.prepare(self.request)
        for piece in pieces:
            await self.response.write(piece)

    async def hang(self) -> None:
        """Until the relay hangs up."""
        await asyncio.Event().wait()

    def break_off(self) -> None:
        """Cut the connection without an end."""
        assert self.request.transport is not None
        self.request.transport.abort()


def saying(*texts: str, pause_s: float = 0) -> Script:
    """A good answer of these pieces."""

    async def script(exchange: Exchange) -> None:
        await exchange.send(delta(""))
        for text in texts:
            await exchange.send(delta(text))
            await asyncio.sleep(pause_s)
        await exchange.send(delta(None, "stop"), data({"choices": [], "usage": USAGE}), DONE)

    return script


async def typing(exchange: Exchange) -> None:
    """Numbers, without an end."""
    number = 0
    while True:
        await exchange.send(delta(f"{number} "))
        number += 1
        await asyncio.sleep(0.005)


async def thinking(exchange: Exchange) -> None:
    """A stream that has begun, and no word yet."""
    await exchange.send(delta(""))
    await exchange.hang()


async def silent(exchange: Exchange) -> None:
    """Not even a stream."""
    await exchange.hang()


class PacedProvider:
    """Start, use, stop. `scripts` are used up one a call; the last one stays."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts) or [saying("Hel", "lo", "!")]
        self.calls: list[Exchange] = []
        self._came = asyncio.Condition()

    async def start(self) -> "PacedProvider":
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_post("/v1/messages", self._complete)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def called(self, times: int = 1) -> Exchange:
        """The call of that number, once it has come."""
        async with self._came:
            await self._came.wait_for(lambda: len(self.calls) >= times)
        return self.calls[times - 1]

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        exchange = Exchange(request, await request.json())
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        async with self._came:
            self.calls.append(exchange)
            self._came.notify_all()
        try:
            await script(exchange)
            if exchange.response is None:
                raise ConnectionResetError("broken off")
            return exchange.response
        finally:
            exchange.closed_at = time.perf_counter()
            exchange.closed.set()
