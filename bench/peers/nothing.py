"""The clock's own floor: the publisher writes its frames straight into the receiver's stream, with no server between.

What this shows is the two sockets and the two Python clients; it is in every other figure of the delivery benchmark.
"""

import asyncio
import time

from bench.load.mark import stamp
from bench.load.receiver import Frames, ReceiverProcess
from bench.peers.payload import PAYLOAD

NAME = "no server"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"


async def straight(device: ReceiverProcess, rate: float, count: int) -> Frames:
    """Send `count` frames at `rate` a second into one stream of the device."""
    opened: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(HEAD)
        opened.set_result(writer)

    frame = f"id: 1\ndata: {PAYLOAD}\n\n".encode()
    async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await device.open(port, [b"GET / HTTP/1.1\r\n\r\n"])
        writer = await opened
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / rate - loop.time()))
            writer.write(stamp(frame, time.monotonic_ns()))
        frames = await device.wait(count)
        await device.close()
        writer.close()
    return frames
