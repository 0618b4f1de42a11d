"""A relay with a paced provider behind it, and what a viewer does with a run."""

import json
from pathlib import Path
from typing import Any

from aiohttp import ClientTimeout
from paced_provider import PacedProvider, Script
from paired_relay import Laptop, PairedRelay

from deskbell_wire.event import Decoder, ServerSentEvent

MANY = "1000000/minute"


class RunRooms:
    """Start, use, stop: `provider` is called `compatible` at the relay; `laptop` is the account's device."""

    def __init__(self, folder: Path, *scripts: Script, **settings: Any) -> None:
        self._folder = folder
        self.provider = PacedProvider(*scripts)
        self._settings = {
            "ai_local": False, "ai_rate": MANY, "requests_rate": MANY, "ai_compatible_model": "mock",
        } | settings  # fmt: skip

    async def __aenter__(self) -> "RunRooms":
        await self.provider.start()
        self._settings.setdefault("ai_compatible_url", self.provider.url)
        self.relay = await PairedRelay(self._folder, **self._settings).start()
        self.laptop: Laptop = await self.relay.pair()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.relay.stop()
        await self.provider.stop()

    async def begin(self, prompt: str = "Say hello", provider: str = "compatible", **more: Any) -> str:
        """A new run's id."""
        status, document = await self.laptop.call("POST", "/ai/runs", {"provider": provider, "prompt": prompt, **more})
        assert status == 201, document
        run_id: str = document["run_id"]
        return run_id

    async def read(
        self, run_id: str, last_event_id: str = "", *, path: str = "", most: int = 10**9, patience_s: float = 30
    ) -> list[ServerSentEvent]:
        """The run's events from there to its end, pings left out; or the first `most` of them."""
        decoder, seen = Decoder(), list[ServerSentEvent]()
        headers = self.laptop.headers | ({"Last-Event-ID": last_event_id} if last_event_id else {})
        address = self.relay.url + (path or f"/ai/runs/{run_id}/stream")
        timeout = ClientTimeout(total=patience_s)
        async with self.relay.session.get(address, headers=headers, timeout=timeout) as stream:
            assert stream.status == 200, await stream.text()
            async for chunk in stream.content.iter_any():
                seen += [event for event in decoder.feed(chunk) if event.event != "ping"]
                if len(seen) >= most:
                    break
        return seen[:most]

    async def end(self, run_id: str) -> dict[str, Any]:
        """How it ended."""
        end: dict[str, Any] = json.loads((await self.read(run_id))[-1].data)
        return end

    async def info(self, run_id: str) -> dict[str, Any]:
        status, document = await self.laptop.call("GET", f"/ai/runs/{run_id}")
        assert status == 200, document
        info: dict[str, Any] = document
        return info


def text_of(events: list[ServerSentEvent]) -> str:
    """The answer that these events hold."""
    return "".join(json.loads(event.data)["text"] for event in events if event.event == "token")
