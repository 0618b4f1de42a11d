"""The MCP door: `/mcp`, the relay's side of Streamable HTTP.

The SDK speaks the protocol; this file stands before it: who may come in, what it costs, which rights a call needs, and
what the SDK's stateless mode leaves out (taking a call back, the stream of changes, batches).
"""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import web
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import DEFAULT_NEGOTIATED_VERSION
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, KNOWN_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS
from pydantic_core import from_json

from deskbell_relay.channel.bus import Abandoned, Bus
from deskbell_relay.http import body, cors
from deskbell_relay.http.route import Call, Route
from deskbell_relay.ingress.mcp import rpc
from deskbell_relay.ingress.mcp.asgi import answered
from deskbell_relay.ingress.mcp.calls import SESSION_HEADER
from deskbell_relay.ingress.mcp.changes import Changes
from deskbell_relay.ingress.mcp.exchange import exchanged
from deskbell_relay.ingress.mcp.flights import spelled
from deskbell_relay.ingress.mcp.patience import in_good_time
from deskbell_relay.ingress.mcp.rights import require
from deskbell_relay.ingress.mcp.server import McpServer
from deskbell_relay.settings import Settings
from deskbell_wire.errors import Problem

VERSION_HEADER: Final = "MCP-Protocol-Version"
BATCHING: Final = (None, "2024-11-05", "2025-03-26")
"""The revisions that know batches; a client that names none is treated as 2025-03-26, as that revision's successors say."""

MOST_IN_BATCH: Final = 10

SLOW: Final = frozenset({"tools/call", "resources/list", "resources/read"})
"""What waits for a laptop, and perhaps for its person."""


class McpDoor:
    """The routes of `/mcp`."""

    def __init__(self, server: McpServer, changes: Changes, bus: Bus, settings: Settings) -> None:
        self._bus = bus
        self._settings = settings
        self._changes = changes
        self._server = server
        self._whole = StreamableHTTPSessionManager(server, json_response=True, stateless=True)
        self._streamed = StreamableHTTPSessionManager(server, json_response=False, stateless=True)
        self._own = {urlsplit(settings.issuer).netloc.lower(), f"{settings.host}:{settings.port}"}
        self._metadata = f"{settings.issuer}/.well-known/oauth-protected-resource/mcp"
        self._stop = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    def routes(self) -> list[Route]:
        """This room's rows of the route table."""
        return [
            Route("POST", "/mcp", self.post, "mcp", summary="MCP: one message (Streamable HTTP)"),
            Route("GET", "/mcp", self.get, "mcp", summary="MCP: what the server says by itself"),
            Route("DELETE", "/mcp", self.delete, "mcp", summary="MCP: a client's session is over"),
        ]

    async def start(self) -> None:
        """Run the SDK's managers, in a task of their own: they must be left in the one that entered them."""
        started = asyncio.Event()
        self._running = asyncio.create_task(self._run(started), name="mcp")
        await started.wait()

    async def stop(self) -> None:
        """End them."""
        self._stop.set()
        if self._running is not None:
            await self._running

    async def _run(self, started: asyncio.Event) -> None:
        async with self._whole.run(), self._streamed.run():
            started.set()
            await self._stop.wait()

    async def post(self, call: Call) -> web.StreamResponse:
        """One JSON-RPC message, or a batch of them where the revision knows batches."""
        self._check_origin(call.request)
        version = call.request.headers.get(VERSION_HEADER)
        if version is not None and version not in KNOWN_PROTOCOL_VERSIONS:
            return rpc.unknown_revision(version)
        settings = self._settings
        raw = await body.read(call.request, most=settings.max_body, timeout_s=settings.upload_timeout_s)
        body.media_type(call.request, "application/json")
        body.check_depth(raw, settings.max_json_depth)
        try:
            message = from_json(raw, allow_inf_nan=False)
        except ValueError as error:
            return rpc.refused(rpc.PARSE_ERROR, f"The body is not valid JSON: {error}.")
        if isinstance(message, list):
            return await self._batch(call, message)
        return await self._one(call, message, raw)

    async def get(self, call: Call) -> web.StreamResponse:
        """The stream on which a 2025-11-25 client hears that the tools have changed; later revisions ask by POST."""
        self._check_origin(call.request)
        version = call.request.headers.get(VERSION_HEADER)
        if version is not None and version not in HANDSHAKE_PROTOCOL_VERSIONS:
            return await answered(self._streamed.handle_request, call, b"")
        if not accepts_stream(call.request):
            raise Problem("not_acceptable", "This address answers GET with a stream alone: Accept: text/event-stream.")
        return await self._changes.stream(call)

    async def delete(self, call: Call) -> web.StreamResponse:
        """204. Sessions are names that this relay does not remember: there is nothing to forget."""
        self._check_origin(call.request)
        return web.Response(status=204)

    async def _one(self, call: Call, message: Any, raw: bytes) -> web.StreamResponse:
        refusal, method, parameters = self._admitted(call, message)
        if refusal is not None:
            return refusal
        takes_stream = accepts_stream(call.request)
        if takes_stream and streams(method, parameters):
            return await answered(self._streamed.handle_request, call, raw)
        answer = self._in_one_piece(call, message, raw)
        if takes_stream and method in SLOW:
            return await in_good_time(call, answer)
        response = await answer
        if method == "initialize" and response.status == 200:
            # A name that the client repeats with each request. Nothing is kept under it: any process takes any name.
            response.headers[SESSION_HEADER] = secrets.token_urlsafe(18)
        return response

    async def _batch(self, call: Call, messages: list[Any]) -> web.StreamResponse:
        version = call.request.headers.get(VERSION_HEADER)
        if version not in BATCHING:
            return rpc.refused(rpc.INVALID_REQUEST, f"Revision {version} knows no batches: send one message a request.")
        if not 0 < len(messages) <= MOST_IN_BATCH:
            return rpc.refused(rpc.INVALID_REQUEST, f"A batch has from 1 to {MOST_IN_BATCH} messages.")
        responses = await asyncio.gather(*(self._part(call, message) for message in messages))
        bodies = [body for body in responses if body]
        if not bodies:
            return web.Response(status=202)
        return web.Response(body=b"[" + b",".join(bodies) + b"]", content_type="application/json")

    async def _part(self, call: Call, message: Any) -> bytes:
        """The answer to one message of a batch; empty when it is owed none."""
        response, _, _ = self._admitted(call, message)
        if response is None:
            response = await exchanged(self._server, call, message, revision_of(call, message))
        assert isinstance(response.body, bytes | None), "made as bytes"
        return response.body or b""

    async def _in_one_piece(self, call: Call, message: Any, raw: bytes) -> web.StreamResponse:
        if call.request.headers.get(VERSION_HEADER) in MODERN_PROTOCOL_VERSIONS:
            return await answered(self._whole.handle_request, call, raw)
        return await exchanged(self._server, call, message, revision_of(call, message))

    def _admitted(self, call: Call, message: Any) -> tuple[web.Response | None, str, Mapping[str, Any]]:
        """The refusal of a message that the SDK need not or should not see; else its method and parameters.

        Raises Problem insufficient_scope.
        """
        if not isinstance(message, dict) or not isinstance(message.get("id", ""), str | int | float):
            return rpc.refused(rpc.INVALID_REQUEST, "A message is an object, and its id a text or a number."), "", {}
        method, parameters = message.get("method"), message.get("params")
        if not isinstance(method, str):
            return None, "", {}  # a response, or nothing that the SDK would not refuse by itself
        parameters = parameters if isinstance(parameters, dict) else {}
        call.notes["method"] = method[:60]
        if method == "notifications/cancelled" and "id" not in message:
            self._take_back(call, parameters)
        require(call, method, parameters, self._metadata)
        return None, method, parameters

    def _take_back(self, call: Call, parameters: Mapping[str, Any]) -> None:
        """The request may be held by any process of the relay."""
        assert call.who.grant_id is not None, "an assistant has a grant"
        session = call.request.headers.get(SESSION_HEADER, "")
        self._bus.publish(Abandoned(call.who.grant_id, session, spelled(parameters.get("requestId"))))

    def _check_origin(self, request: web.Request) -> None:
        """Refuse another name for this machine (DNS rebinding), and pages that anybody on the way may have written.

        The protocol has Origin checked so that a page which had its own name point at this machine gets no answer. That page
        sends its own name as Host. Clients that run in a page of another site come with a token that they asked for
        themselves and that the person approved; no cookie opens this door, so a page without one hears 401.

        Raises Problem foreign_host, foreign_origin.
        """
        if request.host.lower().removesuffix(":443") not in self._own:
            raise Problem("foreign_host", f"This relay is not called {request.host[:100]!r}.")
        origin = request.headers.get("Origin")
        if origin is not None and origin.lower() != self._settings.issuer.lower() and not cors.is_accountable(origin):
            raise Problem("foreign_origin", "This page has no address of its own over https; open the client from one.")


def revision_of(call: Call, message: Mapping[str, Any]) -> str:
    """The revision that the client names: in the header, or as it offers it at `initialize`."""
    named = call.request.headers.get(VERSION_HEADER)
    if named is None and message.get("method") == "initialize" and isinstance(message.get("params"), dict):
        named = message["params"].get("protocolVersion")
    return named if named in HANDSHAKE_PROTOCOL_VERSIONS else DEFAULT_NEGOTIATED_VERSION


def streams(method: str, parameters: Mapping[str, Any]) -> bool:
    """Whether the client hears more than the one answer."""
    meta = parameters.get("_meta")
    return method == "subscriptions/listen" or (isinstance(meta, dict) and "progressToken" in meta)


def accepts_stream(request: web.Request) -> bool:
    """Whether the client takes server-sent events."""
    accept = request.headers.get("Accept", "")
    return "text/event-stream" in accept or "text/*" in accept or "*/*" in accept
