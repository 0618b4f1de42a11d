"""The pages' routes: a link that opens them, one handler for each page, and one for each form."""

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Final, Literal, get_args

from aiohttp import web
from aiohttp_sse import sse_response

from deskbell_daemon.local.face import Face
from deskbell_daemon.pages.content import Content
from deskbell_daemon.pages.forms import Forms
from deskbell_daemon.pages.guard import HEADERS, PageGuard
from deskbell_daemon.pages.session import Session
from deskbell_wire.errors import Problem

Page = Literal["requests", "connect", "access", "rules"]
PAGES: Final[tuple[Page, ...]] = get_args(Page)

GATHER_S: Final = 0.15
"""What changes within it is told to the page as one."""

MOST_SAID: Final = 50


class Pages:
    """`link` gives what a client of the loopback API may open; everything else is for the browser."""

    def __init__(self, face: Face) -> None:
        self._face = face
        self._session = Session()
        self._content = Content(face, self._session)
        self._forms = Forms(face, self._session, self._content)
        self._said: dict[str, tuple[str, str]] = {}
        self._port = 0
        self.guard = PageGuard(self._session)

    def bound(self, port: int) -> None:
        self._port = port
        self.guard.bound(port)

    def link(self, page: object) -> str:
        """A one-time address of that page. Raises Problem `malformed_request`."""
        if page not in PAGES:
            raise Problem("malformed_request", f"There is no page {str(page)[:40]!r}; there are {', '.join(PAGES)}.")
        return f"http://127.0.0.1:{self._port}/page?ticket={self._session.ticket(str(page))}"

    def table(self) -> list[web.RouteDef]:
        at = "/page/{word}"
        return [
            web.get("/page", self.open, allow_head=False),
            web.get("/page/style.css", self._static("style.css", "text/css"), allow_head=False),
            web.get("/page/page.js", self._static("page.js", "text/javascript"), allow_head=False),
            web.get(f"{at}/events", self.events, allow_head=False),
            *[web.get(f"{at}/{page}", self._page(page), allow_head=False) for page in PAGES],
            *[web.post(f"{at}/{name}", self._form(handler)) for name, handler in self._forms.table().items()],
        ]

    async def open(self, request: web.Request) -> web.Response:
        page = self._session.open(request.query.get("ticket", ""))
        return web.Response(
            status=303,
            headers={**HEADERS, "Location": f"{self._session.path}/{page}", "Set-Cookie": self._session.cookie},
        )

    async def events(self, request: web.Request) -> web.StreamResponse:
        """That something has changed, never what: the page is read again."""
        response: web.StreamResponse = web.Response()
        # A tab that is closed is no error.
        with self._face.changes.listen() as queue, contextlib.suppress(ConnectionResetError):
            async with sse_response(request, headers=HEADERS) as stream:
                response = stream
                while await queue.get() is not None:
                    await asyncio.sleep(GATHER_S)
                    ended = False
                    while not queue.empty():
                        ended = queue.get_nowait() is None
                    await stream.send("", event="changed")
                    if ended:
                        break
                stream.stop_streaming()
        return response

    def problem(self, problem: Problem) -> web.Response:
        """An error as a page."""
        return self._html(self._content.problem(problem), problem.status)

    def _page(self, page: Page) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def show(request: web.Request) -> web.Response:
            said = self._said.pop(request.query.get("said", ""), None)
            return self._html(await self._content.render(page, said))

        return show

    def _form(
        self, handler: Callable[[dict[str, str]], Awaitable[tuple[str, str, str]]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def take(request: web.Request) -> web.Response:
            fields = {name: str(value) for name, value in (await request.post()).items()}
            try:
                self._session.use(fields.get("form", ""))
                page, kind, text = await handler(fields)
            except Problem as problem:
                page, kind, text = "requests", "bad", f"{problem.detail} {problem.next_step}"
                if problem.code == "csrf_failed" and not fields.get("form", ""):
                    raise
                if problem.code == "request_not_found":
                    text = "That request was answered already, or it has expired. Nothing was done."
            said = secrets.token_urlsafe(6)
            while len(self._said) >= MOST_SAID:
                del self._said[next(iter(self._said))]
            self._said[said] = kind, text
            # 303: a reload of what follows sends no form again.
            return web.Response(status=303, headers={**HEADERS, "Location": f"{self._session.path}/{page}?said={said}"})

        return take

    def _static(self, name: str, kind: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        body = (resources.files("deskbell_daemon.pages") / "static" / name).read_bytes()

        async def give(request: web.Request) -> web.Response:
            return web.Response(body=body, content_type=kind, charset="utf-8", headers=HEADERS)

        return give

    def _html(self, text: str, status: int = 200) -> web.Response:
        return web.Response(text=text, status=status, content_type="text/html", charset="utf-8", headers=HEADERS)
