"""The loopback API as a server: bound to 127.0.0.1 on a port of the system's choice, its token new at each start."""

import asyncio
import os
import secrets

from aiohttp import web

from deskbell_daemon.local.address import LocalAddress
from deskbell_daemon.local.face import Face
from deskbell_daemon.local.guard import Guard
from deskbell_daemon.local.routes import Routes
from deskbell_daemon.pages.pages import Pages
from deskbell_daemon.places import Places


class LocalApi:
    """`start` writes local.json, `stop` takes it away."""

    def __init__(self, face: Face, places: Places, port: int = 0) -> None:
        self._file = places.local_file
        self._port = port
        token = secrets.token_urlsafe(32)
        self._token = token
        self._pages = Pages(face)
        self._guard = Guard(token, self._pages)
        self.app = web.Application(middlewares=[self._guard.middleware], client_max_size=200_000)
        self.app.add_routes(Routes(face, token, self._pages.link).table())
        self.app.add_routes(self._pages.table())
        self._runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=1.0)

    async def start(self) -> LocalAddress:
        """Raises Problem when local.json cannot be written."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        port = int(self._runner.addresses[0][1])
        self._guard.bound(port)
        self._pages.bound(port)
        address = LocalAddress(port=port, token=self._token, pid=os.getpid())
        await asyncio.to_thread(address.write, self._file)
        return address

    async def stop(self) -> None:
        self._file.unlink(missing_ok=True)
        await self._runner.cleanup()
