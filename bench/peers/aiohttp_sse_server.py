"""The hub that aiohttp-sse's documentation leads to: a queue and an `sse_response` for each stream, all in memory.

It keeps each channel's last 64 events and replays them after `Last-Event-ID`; it authenticates nobody.
"""

import asyncio
from collections import defaultdict, deque

from aiohttp import web
from aiohttp_sse import sse_response

from bench.serving import serve, with_port

KEPT = 64


class Channel:
    """A channel's recent events and its readers' queues."""

    def __init__(self) -> None:
        self.sequence = 0
        self.recent: deque[tuple[int, str]] = deque(maxlen=KEPT)
        self.queues: set[asyncio.Queue[tuple[int, str]]] = set()


class Server:
    """Two handlers over one table of channels."""

    def __init__(self) -> None:
        self._channels: defaultdict[str, Channel] = defaultdict(Channel)

    async def publish(self, request: web.Request) -> web.Response:
        """`POST /pub/{channel}`: number the body and give it to every reader."""
        channel = self._channels[request.match_info["channel"]]
        channel.sequence += 1
        event = (channel.sequence, await request.text())
        channel.recent.append(event)
        for queue in channel.queues:
            queue.put_nowait(event)
        return web.Response(status=202)

    async def subscribe(self, request: web.Request) -> web.StreamResponse:
        """`GET /sub/{channel}`: what is newer than the cursor, then live."""
        channel = self._channels[request.match_info["channel"]]
        queue: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
        cursor = request.headers.get("Last-Event-ID")
        if cursor is not None:
            for event in channel.recent:
                if event[0] > int(cursor):
                    queue.put_nowait(event)
        channel.queues.add(queue)
        try:
            async with sse_response(request) as response:
                while True:
                    number, text = await queue.get()
                    await response.send(text, id=str(number))
        finally:
            channel.queues.discard(queue)


def main() -> None:
    """Serve on the given loopback port until SIGTERM."""
    options = with_port().parse_args()
    server = Server()
    app = web.Application()
    app.add_routes([web.post("/pub/{channel}", server.publish), web.get("/sub/{channel}", server.subscribe)])
    serve(app, options.port)


if __name__ == "__main__":
    main()
