"""The same prompt to the same provider by every way, over a clean and a slow network, from a paced provider and a real model."""

import statistics
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

import aiohttp

from bench.ai.clients import Reading
from bench.ai.cpu import cpu_seconds
from bench.ai.deskbell import DeskbellAi
from bench.ai.network import CLEAN, SLOW_3G, Network, shaped
from bench.ai.paced import Pace
from bench.ai.peers.plain import Plain
from bench.ai.providers import LOCAL_PROMPT, gateway, local, local_missing, paced
from bench.ai.scale import AiScale
from bench.ai.ways import CHUNK, WAYS, Way

NAME = "transports"
NETWORKS = (CLEAN, SLOW_3G)


@dataclass(slots=True)
class Journey:
    """One way over one network: its readings, with the server's CPU seconds and the bytes both ways of each."""

    source: str
    network: str
    way: str
    readings: list[Reading] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    bytes: list[int] = field(default_factory=list)

    def row(self) -> tuple[float, float, float, float, float]:
        """Medians: ms to the first text and to the last, arrivals, bytes, CPU ms."""
        return (
            statistics.median(reading.first for reading in self.readings) * 1e3,
            statistics.median(reading.last for reading in self.readings) * 1e3,
            statistics.median(reading.events for reading in self.readings),
            statistics.median(self.bytes),
            statistics.median(self.cpu) * 1e3,
        )


class Servers:
    """Deskbell twice, before the provider by tokens and by chunks, and the plain relay."""

    def __init__(self) -> None:
        self.tokens, self.chunks, self.plain = DeskbellAi(), DeskbellAi(), Plain()

    def address(self, way: Way, prompt: str) -> tuple[int, int, dict[str, str], str]:
        """Its port and process, the headers that it wants, and where to ask."""
        if way.server == "deskbell":
            relay = self.tokens if way.sends == "tokens" else self.chunks
            return relay.port, relay.pid, relay.headers, relay.address(prompt)
        address = f"{way.address}?{urlencode({'q': prompt})}" if way.address == "/stream" else way.address
        return self.plain.port, self.plain.pid, {}, address


@asynccontextmanager
async def servers(tokens: str, chunks: str) -> AsyncIterator[Servers]:
    """All of them, before a provider by tokens and the same one by chunks."""
    made = Servers()
    async with made.tokens.running(tokens), made.chunks.running(chunks), made.plain.running(tokens):
        yield made


async def travel(made: Servers, way: Way, network: Network, prompt: str) -> tuple[Reading, float, int]:
    """One answer, from a fresh connection: what was read, the server's CPU seconds, the bytes both ways."""
    port, pid, headers, address = made.address(way, prompt)
    async with (
        shaped(network, port) as link,
        aiohttp.ClientSession(
            f"http://127.0.0.1:{link.port}", headers=headers, timeout=aiohttp.ClientTimeout(total=120)
        ) as session,
    ):
        before = cpu_seconds(pid)
        reading = await way.client(session, address, prompt)
        return reading, cpu_seconds(pid) - before, link.up.bytes + link.down.bytes


async def compare(source: str, made: Servers, prompt: str, scale: AiScale) -> list[Journey]:
    """Every way over every network, in turns."""
    journeys = {
        (network.name, way.name): Journey(source, network.name, way.name) for network in NETWORKS for way in WAYS
    }
    for way in WAYS:  # warm: imports, connections, the model's memory of the prompt
        await travel(made, way, CLEAN, prompt)
    for _ in range(scale.repetitions):
        for network in NETWORKS:
            for way in WAYS:
                reading, cpu, size = await travel(made, way, network, prompt)
                journey = journeys[network.name, way.name]
                journey.readings.append(reading)
                journey.cpu.append(cpu)
                journey.bytes.append(size)
    return list(journeys.values())


async def measured(scale: AiScale) -> tuple[list[Journey], list[str]]:
    """All journeys, and what must be said of them."""
    notes: list[str] = []
    journeys: list[Journey] = []
    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(paced())
        chunked = await stack.enter_async_context(gateway(provider, pieces=CHUNK))
        made = await stack.enter_async_context(servers(provider, chunked))
        journeys += await compare("paced provider", made, Pace(tokens=scale.tokens).prompt, scale)
    why = local_missing()
    if why is not None:
        return journeys, [f"the real model was not measured: {why}"]
    async with AsyncExitStack() as stack:
        url, key = await stack.enter_async_context(local())
        by_token, by_chunk = [
            await stack.enter_async_context(gateway(url, tokens=scale.tokens, pieces=pieces, key=key))
            for pieces in (1, CHUNK)
        ]
        made = await stack.enter_async_context(servers(by_token, by_chunk))
        journeys += await compare("real local model", made, LOCAL_PROMPT, scale)
    for source in ("paced provider", "real local model"):
        texts = {reading.text for journey in journeys if journey.source == source for reading in journey.readings}
        if len(texts) > 1:
            notes.append(f"the {source} did not say the same each time: {len(texts)} different answers")
    return journeys, notes
