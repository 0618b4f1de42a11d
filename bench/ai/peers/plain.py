"""The plain relay as a subject."""

import json
from urllib.parse import urlencode

import aiohttp

from bench.ai.subject import AiSubject
from bench.hub import http
from bench.process import child, free_port, listening, stop


class Plain(AiSubject):
    """The `openai` SDK and aiohttp-sse in one Python process on uvloop, as Deskbell's relay is."""

    name = "SDK + aiohttp-sse"

    async def start(self, provider: str) -> None:
        self.port = free_port()
        module = "bench.ai.peers.plain_server"
        self._process = await child("-m", module, "--port", str(self.port), "--to", provider)
        await listening(self.port, self._process, timeout=60)
        self.pid = self._process.pid

    async def stop(self) -> None:
        await stop(self._process)

    def request(self, prompt: str) -> bytes:
        return http("GET", f"/stream?{urlencode({'q': prompt})}", Accept="text/event-stream")

    async def viewers(self, prompt: str, count: int) -> list[bytes]:
        async with (
            aiohttp.ClientSession(f"http://127.0.0.1:{self.port}") as session,
            session.post("/answers", json={"q": prompt}) as answer,
        ):
            name = json.loads(await answer.text())["id"]
        return [http("GET", f"/answers/{name}/stream", Accept="text/event-stream")] * count
