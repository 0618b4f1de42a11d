"""Deskbell's relay before a provider: one process on SQLite, as shipped; rates and budgets out of the way."""

import asyncio
import importlib.util
import json
import shutil
from urllib.parse import urlencode

import aiohttp

from bench.ai.subject import AiSubject
from bench.hub import http
from bench.process import child, free_port, listening, stop
from bench.report import OURS
from bench.scratch import scratch
from bench.subject import relay_environment


class DeskbellAi(AiSubject):
    """One account, which starts all runs."""

    name = OURS

    def missing(self) -> str | None:
        if importlib.util.find_spec("deskbell_relay") is None:
            return "the relay is not installed (pip install -e '.[relay]')"
        return None

    async def start(self, provider: str) -> None:
        from bench.seed import seats_now  # late: the peers can be measured where the relay is not installed

        self._folder = scratch("ai-relay")
        self.port = free_port()
        environment = relay_environment(self._folder, self.port) | {
            "DESKBELL_AI_COMPATIBLE_URL": provider,
            "DESKBELL_AI_COMPATIBLE_MODEL": "paced",
            "DESKBELL_AI_LOCAL": "false",
            "DESKBELL_AI_RATE": "1000000000/minute",
            "DESKBELL_AI_TOKENS_PER_DAY": "1000000000",
            "DESKBELL_AI_VIEWERS": "10000",
        }
        (self._seat,) = await asyncio.to_thread(seats_now, environment, 1)
        log = self._folder / "relay.log"
        self._process = await child("-m", "deskbell_relay", environment=environment, log=log)
        await listening(self.port, self._process, timeout=60, log=log)
        self.pid = self._process.pid

    async def stop(self) -> None:
        await stop(self._process, patience=15)
        shutil.rmtree(self._folder)

    @property
    def headers(self) -> dict[str, str]:
        """Of every request."""
        return {"Authorization": f"Bearer {self._seat.device_token}"}

    def address(self, prompt: str) -> str:
        """What an `EventSource` opens to ask and to read."""
        return f"/ai/stream?{urlencode({'provider': 'compatible', 'q': prompt})}"

    def request(self, prompt: str) -> bytes:
        return http("GET", self.address(prompt), Accept="text/event-stream", **self.headers)

    async def viewers(self, prompt: str, count: int) -> list[bytes]:
        async with (
            aiohttp.ClientSession(f"http://127.0.0.1:{self.port}", headers=self.headers) as session,
            session.post("/ai/runs", json={"provider": "compatible", "prompt": prompt}) as answer,
        ):
            run = json.loads(await answer.text())
        return [http("GET", run["stream"], Accept="text/event-stream", **self.headers)] * count
