"""The loopback API's routes: one table of the daemon's own, one of those that go on to the relay.

To add a route, add a handler and a line; the tests try every line without token, with a foreign Host and as a form.
"""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, cast, get_args

import aiohttp
from aiohttp import web
from aiohttp_sse import sse_response

from deskbell_daemon.gate.desk import By
from deskbell_daemon.local.address import prove
from deskbell_daemon.local.face import Face
from deskbell_wire.errors import Problem

_NONCE = re.compile(r"[A-Za-z0-9_-]{16,128}")
_ID = r"{id:[A-Za-z0-9_-]{1,64}}"

RELAY_ROUTES: Final[tuple[tuple[str, str, str], ...]] = (
    ("POST", "/v1/relay/connect-code", "/v1/connect-codes"),
    ("GET", "/v1/relay/approvals", "/v1/approvals"),
    ("POST", "/v1/relay/approvals/claim", "/v1/approvals/claim"),
    ("POST", f"/v1/relay/approvals/{_ID}/approve", "/v1/approvals/{id}/approve"),
    ("POST", f"/v1/relay/approvals/{_ID}/deny", "/v1/approvals/{id}/deny"),
    ("GET", "/v1/relay/devices", "/v1/devices"),
    ("PATCH", f"/v1/relay/devices/{_ID}", "/v1/devices/{id}"),
    ("DELETE", f"/v1/relay/devices/{_ID}", "/v1/devices/{id}"),
    ("GET", "/v1/relay/grants", "/v1/grants"),
    ("DELETE", f"/v1/relay/grants/{_ID}", "/v1/grants/{id}"),
    ("GET", "/v1/relay/commands", "/v1/commands"),
    ("GET", f"/v1/relay/commands/{_ID}", "/v1/commands/{id}"),
    ("POST", f"/v1/relay/commands/{_ID}/cancel", "/v1/commands/{id}/cancel"),
    ("GET", "/v1/relay/ai-providers", "/ai/providers"),
    ("POST", "/v1/relay/runs", "/ai/runs"),
    ("GET", f"/v1/relay/runs/{_ID}", "/ai/runs/{id}"),
    ("POST", f"/v1/relay/runs/{_ID}/stop", "/ai/runs/{id}/stop"),
)
"""Method, path here, path at the relay. The daemon adds its token: the caller never has it."""


class Routes:
    """The handlers, on top of the daemon's `face`."""

    def __init__(self, face: Face, token: str, link: Callable[[object], str]) -> None:
        """`link` makes the one-time address of a page."""
        self._face = face
        self._link = link
        self._token = token

    def table(self) -> list[web.RouteDef]:
        own = [
            web.get("/v1/proof", self.proof, allow_head=False),
            web.get("/v1/status", self.status, allow_head=False),
            web.get("/v1/requests", self.requests, allow_head=False),
            web.post(f"/v1/requests/{_ID}/approve", self.approve),
            web.post(f"/v1/requests/{_ID}/refuse", self.refuse),
            web.get("/v1/log", self.log, allow_head=False),
            web.get("/v1/events", self.events, allow_head=False),
            web.get("/v1/rules", self.rules, allow_head=False),
            web.delete(f"/v1/rules/{_ID}", self.revoke_rule),
            web.get(f"/v1/relay/runs/{_ID}/stream", self.run_stream, allow_head=False),
            web.post("/v1/pages", self.pages),
            web.post("/v1/panic", self.panic),
            web.post("/v1/pause", self.pause),
            web.post("/v1/resume", self.resume),
            web.post("/v1/reload", self.reload),
            web.post("/v1/undo", self.undo),
            web.post("/v1/unpair", self.unpair),
            web.post("/v1/shutdown", self.shutdown),
        ]
        return own + [web.route(method, path, self._passing(there)) for method, path, there in RELAY_ROUTES]

    async def proof(self, request: web.Request) -> web.Response:
        nonce = request.query.get("nonce", "")
        if _NONCE.fullmatch(nonce) is None:
            raise Problem("malformed_request", "A nonce has 16 to 128 letters, digits, '-' and '_'.")
        return _answer({"proof": prove(self._token, nonce)})

    async def status(self, request: web.Request) -> web.Response:
        return _answer(await self._face.status())

    async def requests(self, request: web.Request) -> web.Response:
        return _answer(await self._face.requests_shown())

    async def approve(self, request: web.Request) -> web.Response:
        body = await _body(request)
        scope, definition = body.get("for", "once"), body.get("definition")
        if scope == "always":
            raise Problem("page_only", "What is always allowed is said on Deskbell's page alone.")
        if scope not in {"once", "hour"}:
            raise Problem("malformed_request", f"'for' is {str(scope)[:40]!r}; it may be 'once' or 'hour'.")
        if not (definition is None or isinstance(definition, str)):
            raise Problem("malformed_request", "'definition' is no text.")
        await self._face.approve(request.match_info["id"], scope, by=_by(body), definition=definition)
        return _answer({"id": request.match_info["id"], "answer": "approved", "for": scope})

    async def refuse(self, request: web.Request) -> web.Response:
        await self._face.refuse(request.match_info["id"], _by(await _body(request)))
        return _answer({"id": request.match_info["id"], "answer": "refused"})

    async def rules(self, request: web.Request) -> web.Response:
        return _answer(self._face.rules())

    async def revoke_rule(self, request: web.Request) -> web.Response:
        await self._face.revoke_rule(request.match_info["id"], _by(await _body(request)))
        return _answer({"revoked": request.match_info["id"]})

    async def pages(self, request: web.Request) -> web.Response:
        return _answer({"url": self._link((await _body(request)).get("page"))})

    async def panic(self, request: web.Request) -> web.Response:
        await self._face.panic(_by(await _body(request)))
        return _answer({"paused": True})

    async def log(self, request: web.Request) -> web.Response:
        text = request.query.get("limit", "50")
        limit = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
        if not 1 <= limit <= 1_000:
            raise Problem("malformed_request", f"limit is {text[:40]!r}; it may be from 1 to 1000.")
        return _answer(await self._face.log(limit))

    async def pause(self, request: web.Request) -> web.Response:
        await self._face.pause(True, _by(await _body(request)))
        return _answer({"paused": True})

    async def resume(self, request: web.Request) -> web.Response:
        await self._face.pause(False, _by(await _body(request)))
        return _answer({"paused": False})

    async def reload(self, request: web.Request) -> web.Response:
        await self._face.reload()
        return _answer(await self._face.status())

    async def undo(self, request: web.Request) -> web.Response:
        body = await _body(request)
        command_id = body.get("id")
        if not isinstance(command_id, str):
            raise Problem("malformed_request", "Give the id of the command whose change to a note is to be undone.")
        return _answer(await self._face.undo(command_id, _by(body)))

    async def unpair(self, request: web.Request) -> web.Response:
        return _answer(await self._face.unpair())

    async def shutdown(self, request: web.Request) -> web.Response:
        self._face.shutdown()
        return _answer({"stopping": True}, status=202)

    async def events(self, request: web.Request) -> web.StreamResponse:
        with self._face.changes.listen() as queue:
            status = await self._face.status()
            async with sse_response(request) as response:
                await response.send(json.dumps(status), event="status")
                while (change := await queue.get()) is not None:
                    name, data = change
                    await response.send(json.dumps(data), event=name)
                response.stop_streaming()
        return response

    async def run_stream(self, request: web.Request) -> web.StreamResponse:
        """An AI run as the relay streams it, byte by byte; a stream that breaks breaks here too."""
        path = f"/ai/runs/{request.match_info['id']}/stream"
        async with self._face.relay_stream(path, request.headers.get("Last-Event-ID", "")) as body:
            if body is None:
                return _answer(None, status=204)
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
            await response.prepare(request)
            try:
                async for chunk in body.iter_any():
                    await response.write(chunk)
            except (aiohttp.ClientError, TimeoutError):
                response.force_close()  # without an end, so that the reader comes back with its cursor
                if request.transport is not None:
                    request.transport.abort()
        return response

    def _passing(self, there: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def passing(request: web.Request) -> web.Response:
            body = await _body(request) if request.method in {"POST", "PATCH"} else None
            path = there.format(**request.match_info)
            if request.query_string:
                path = f"{path}?{request.query_string}"
            by = _by(body) if body is not None else "cli"
            if body is not None:
                body.pop("by", None)  # for our own records
            status, document = await self._face.relay(request.method, path, body, by)
            return _answer(document, status=status)

        return passing


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        text = await request.text()
        body = json.loads(text) if text else {}
    except (ValueError, RecursionError) as error:
        raise Problem("malformed_json", f"The body is not JSON: {str(error)[:200]}.") from error
    if not isinstance(body, dict):
        raise Problem("malformed_json", "The body is JSON, but no object.")
    return body


def _by(body: dict[str, Any]) -> By:
    """Where the person gave the answer, as the client says. Only the page itself is the page."""
    by = body.get("by", "cli")
    if by not in get_args(By) or by == "page":
        raise Problem("malformed_request", f"'by' is {str(by)[:40]!r}; it may be cli, tray, notification or extension.")
    return cast(By, by)


def _answer(document: Any, status: int = 200) -> web.Response:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if status == 204 or document is None:
        return web.Response(status=204, headers=headers)
    return web.json_response(document, status=status, headers=headers)
