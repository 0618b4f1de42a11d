"""The plain aiohttp-sse hub as a peer."""

import importlib.util

from bench.hub import Hub, http
from bench.peers.payload import PAYLOAD
from bench.process import child, free_port, listening, stop


class AiohttpSseHub(Hub):
    """One Python process on uvloop, as the relay is."""

    name = "aiohttp-sse"

    def missing(self) -> str | None:
        return None if importlib.util.find_spec("aiohttp_sse") else "aiohttp-sse is not installed"

    async def start(self, channels: int, streams_each: int = 1) -> None:
        self.port = free_port()
        self._process = await child("-m", "bench.peers.aiohttp_sse_server", "--port", str(self.port))
        await listening(self.port, self._process)
        self.pid = self._process.pid

    async def stop(self) -> None:
        await stop(self._process)

    def publish_request(self, channel: int) -> bytes:
        return http("POST", f"/pub/c{channel}", PAYLOAD, Content_Type="application/json")

    def stream_request(self, channel: int, number: int = 0, cursor: str | None = None) -> bytes:
        cursors = {"Last_Event_ID": cursor} if cursor else {}
        return http("GET", f"/sub/c{channel}", Accept="text/event-stream", **cursors)
