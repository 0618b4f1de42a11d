"""The shortest honest relay: a request becomes an SSE event, a result becomes its response. No rights, no database."""

import asyncio
import itertools
import json
from typing import Any

from aiohttp import web

from bench.serving import serve, with_port


class PlainRelay:
    """One device, and a future for each request that waits for it."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._device: asyncio.Queue[bytes] = asyncio.Queue()
        self._connected = asyncio.Event()

    async def act(self, request: web.Request) -> web.Response:
        """`POST /actions/createNote`: hand the body on, answer with what the device did."""
        number = str(next(self._numbers))
        arguments = await request.json()
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._connected.wait()
        data = json.dumps({"id": number, "arguments": arguments})
        self._device.put_nowait(f"id: {number}\nevent: command\ndata: {data}\n\n".encode())
        return web.json_response(await future)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """`GET /v1/stream`: the device's events, until it leaves."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        self._connected.set()
        while True:
            await response.write(await self._device.get())

    async def result(self, request: web.Request) -> web.Response:
        """`POST /v1/commands/{id}/result`: wake the request."""
        self._waiting.pop(request.match_info["id"]).set_result(await request.json())
        return web.Response(status=204)


def main() -> None:
    """Serve on the given loopback port until SIGTERM."""
    options = with_port().parse_args()
    relay = PlainRelay()
    app = web.Application()
    app.add_routes(
        [
            web.post("/actions/createNote", relay.act),
            web.get("/v1/stream", relay.stream),
            web.post("/v1/commands/{id}/result", relay.result),
        ]
    )
    serve(app, options.port)


if __name__ == "__main__":
    main()
