"""A viewer for each way an answer can travel: it asks, reads to the end, and notes what was there when."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

import aiohttp

from deskbell_wire.event import Decoder

POLL_S = 0.25
"""Between an answer and the next question: four times a second is what still feels like writing."""


@dataclass(slots=True)
class Reading:
    """`points`: seconds since the question, and the characters that were there then. `events`: arrivals with text."""

    points: list[tuple[float, int]] = field(default_factory=list)
    text: str = ""
    began: float = field(default_factory=time.monotonic)

    def add(self, text: str) -> None:
        """Text has come."""
        if text:
            self.text += text
            self.points.append((time.monotonic() - self.began, len(self.text)))

    @property
    def events(self) -> int:
        return len(self.points)

    @property
    def first(self) -> float:
        """Seconds to the first text."""
        return self.points[0][0]

    @property
    def last(self) -> float:
        """Seconds to the last text."""
        return self.points[-1][0]


Client = Callable[[aiohttp.ClientSession, str, str], Awaitable[Reading]]
"""Given a session on the server, its address and the prompt: the whole answer."""


async def event_stream(session: aiohttp.ClientSession, address: str, _prompt: str) -> Reading:
    """Server-sent events; the address has the prompt in it already."""
    reading, decoder = Reading(), Decoder()
    async with session.get(address, headers={"Accept": "text/event-stream"}) as response:
        response.raise_for_status()
        async for chunk in response.content.iter_any():
            for event in decoder.feed(chunk):
                if event.event == "token":
                    reading.add(json.loads(event.data)["text"])
                elif event.event == "end":
                    return reading
    raise ConnectionResetError("the stream ended before the answer did")


async def web_socket(session: aiohttp.ClientSession, address: str, prompt: str) -> Reading:
    """A message a token; compressed where the server agrees, as browsers offer it."""
    reading = Reading()
    async with session.ws_connect(address, compress=15) as socket:
        await socket.send_json({"q": prompt})
        async for message in socket:
            said = message.json()
            if said["type"] == "end":
                return reading
            reading.add(said["text"])
    raise ConnectionResetError("the socket closed before the answer's end")


async def whole(session: aiohttp.ClientSession, address: str, prompt: str) -> Reading:
    """One request, one answer."""
    reading = Reading()
    async with session.get(f"{address}?{urlencode({'q': prompt})}") as response:
        reading.add((await response.json())["text"])
    return reading


async def _polled(session: aiohttp.ClientSession, address: str, prompt: str, wait: str, pause_s: float) -> Reading:
    reading, position = Reading(), 0
    async with session.post(address, json={"q": prompt}) as started:
        name = (await started.json())["id"]
    while True:
        async with session.get(f"{address}/{name}?after={position}{wait}") as response:
            said = await response.json()
        reading.add(said["text"])
        position = said["next"]
        if said["ended"]:
            return reading
        await asyncio.sleep(pause_s)


async def polling(session: aiohttp.ClientSession, address: str, prompt: str) -> Reading:
    """Ask again and again what is new, on a kept connection."""
    return await _polled(session, address, prompt, "", POLL_S)


async def long_polling(session: aiohttp.ClientSession, address: str, prompt: str) -> Reading:
    """Ask what is new; the server answers once something is."""
    return await _polled(session, address, prompt, "&wait=1", 0)
