"""A small site of a test's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class Web:
    """A site of the test's own, and every request that came to it."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    pages: dict[str, str | bytes] = field(default_factory=dict)

    def put(self, path: str, html: str | bytes) -> str:
        """Serve that page; its address."""
        self.pages[path] = html
        return f"{self.url}{path}"


@asynccontextmanager
async def serving() -> AsyncIterator[Web]:
    """The site, on a free port of this machine."""
    site = Web()

    async def serve(request: web.Request) -> web.Response:
        site.asked.append(request.path)
        page = site.pages.get(request.path)
        if page is None:
            raise web.HTTPNotFound
        body = page.encode() if isinstance(page, str) else page
        if request.path.endswith(".pdf"):
            return web.Response(body=body, content_type="application/pdf")
        return web.Response(body=body, content_type="text/html", charset="utf-8")

    app = web.Application()
    app.router.add_get("/{path:.*}", serve)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield site
    finally:
        await runner.cleanup()
