"""The shaping proxy keeps every byte, and takes as long as the network that it stands for."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from bench.ai.network import CLEAN, HEADER, SEGMENT, SLOW_3G, Network, shaped


@asynccontextmanager
async def echo() -> AsyncIterator[int]:
    """A server that sends back what it gets, and ends when its client has; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(10_000):
            writer.write(data)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def exchanged(network: Network, sent: bytes) -> tuple[bytes, float, int, int]:
    """What came back through the network, after how many seconds, and the bytes counted up and down."""
    async with echo() as port, shaped(network, port) as link:
        began = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
        writer.write(sent)
        writer.write_eof()
        back = await reader.read(-1)
        spent = time.monotonic() - began
        writer.close()
        return back, spent, link.up.bytes, link.down.bytes


@pytest.mark.parametrize("network", [CLEAN, Network("quick", 8_000_000, 0.02)], ids=lambda network: network.name)
async def test_every_byte_arrives_in_order_and_is_counted(network: Network) -> None:
    sent = os.urandom(300_001)
    back, _, up, down = await exchanged(network, sent)
    assert back == sent
    assert (up, down) == (len(sent), len(sent))


async def test_a_large_transfer_takes_as_long_as_the_rate_says() -> None:
    network = Network("narrow", 800_000, 0)
    sent = bytes(100_000)
    _, spent, _, _ = await exchanged(network, sent)
    segments = len(sent) / SEGMENT
    one_way = (len(sent) + segments * HEADER) * 8 / network.rate  # both ways flow at the same time
    assert one_way <= spent < one_way * 1.4


async def test_a_first_byte_costs_two_round_trips_one_to_connect_and_one_to_ask() -> None:
    _, spent, _, _ = await exchanged(SLOW_3G, b"?")
    assert 2 * SLOW_3G.round_trip <= spent < 2 * SLOW_3G.round_trip + 0.3


async def test_two_connections_share_the_link() -> None:
    network = Network("narrow", 800_000, 0)
    async with echo() as port, shaped(network, port) as link:

        async def one() -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
            writer.write(bytes(30_000))
            writer.write_eof()
            back = await reader.read(-1)
            writer.close()
            return back

        began = time.monotonic()
        first, second = await asyncio.gather(one(), one())
    assert len(first) == len(second) == 30_000
    assert time.monotonic() - began >= 60_000 * 8 / network.rate


async def test_a_client_that_goes_takes_the_server_side_with_it() -> None:
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readexactly(1)
            await reader.read(-1)
        except ConnectionError:
            pass
        finally:
            gone.set()
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        async with shaped(CLEAN, server.sockets[0].getsockname()[1]) as link:
            _, writer = await asyncio.open_connection("127.0.0.1", link.port)
            writer.write(b"x")
            await writer.drain()
            writer.transport.abort()
            async with asyncio.timeout(5):
                await gone.wait()
