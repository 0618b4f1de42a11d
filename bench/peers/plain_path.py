"""A peer for the whole path: the same hops in the fewest lines, with none of the promises but the synced file."""

import json
from pathlib import Path

from bench.hub import http
from bench.load.mark import BLANK
from bench.peers.payload import TEXT
from bench.process import child, free_port, listening, stop
from bench.spine import Spine

BODY = json.dumps({"title": f"Bench {BLANK.decode()}", "body": TEXT})


class PlainPath(Spine):
    """`plain_relay` and `plain_device`."""

    name = "plain aiohttp path"

    def missing(self) -> str | None:
        return None

    async def start(self, notes: Path) -> None:
        self.port = free_port()
        self._relay = await child("-m", "bench.peers.plain_relay", "--port", str(self.port))
        await listening(self.port, self._relay)
        address = f"http://127.0.0.1:{self.port}"
        self._device = await child("-m", "bench.peers.plain_device", "--relay", address, "--notes", str(notes))

    async def stop(self) -> None:
        await stop(self._device)
        await stop(self._relay)

    def request(self) -> bytes:
        return http("POST", "/actions/createNote", BODY, Content_Type="application/json")
