"""A line between a browser and a relay that a test can cut and mend: a TCP proxy on a port of its own."""

import asyncio
import contextlib


class CutLine:
    """`line.port` leads to `line.to_port`, which may be set late, until `cut`, and again after `mend`."""

    def __init__(self, to_port: int = 0) -> None:
        self.to_port = to_port
        self.port = 0
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> "CutLine":
        await self.mend()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cut()

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self, *, refuse: bool = True) -> None:
        """Break all connections off; `refuse` new ones too."""
        if refuse:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.to_port)
        self._writers |= {writer, back}
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(_pour(reader, back), _pour(there, writer))
        self._writers -= {writer, back}


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
    finally:
        sink.close()
