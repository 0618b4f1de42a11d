"""One request of a revision with `initialize`, answered by the SDK's server without a transport of its own.

The SDK's stateless transport makes streams, task groups and a dispatcher for each request: a millisecond and more, for
one message each way (bench/README.md). Its server takes a single exchange as well: that is how it serves 2026-07-28 itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio
import mcp_types as types
from aiohttp import web
from mcp.server.connection import Connection
from mcp.server.runner import modern_error_data, serve_one
from mcp.shared.dispatcher import CallOptions
from mcp.shared.exceptions import NoBackChannelError
from mcp.shared.message import MessageMetadata, ServerMessageMetadata
from mcp.shared.transport_context import TransportContext
from pydantic import ValidationError
from starlette.requests import Request

from deskbell_relay.http.responses import json_response
from deskbell_relay.http.route import Call
from deskbell_relay.ingress.mcp import rpc
from deskbell_relay.ingress.mcp.asgi import scope_of
from deskbell_relay.ingress.mcp.server import McpServer


@dataclass
class SingleExchange:
    """The SDK's `DispatchContext` of a request whose answer is one piece: nothing can be sent beside it."""

    transport: TransportContext
    request_id: types.RequestId
    message_metadata: MessageMetadata
    can_send_request: bool = False
    cancel_requested: anyio.Event = field(default_factory=anyio.Event)

    async def send_raw_request(
        self, method: str, _params: Mapping[str, Any] | None, _opts: CallOptions | None = None
    ) -> dict[str, Any]:
        """There is nobody to ask on this way."""
        raise NoBackChannelError(method)

    async def notify(self, _method: str, _params: Mapping[str, Any] | None, _opts: CallOptions | None = None) -> None:
        """Dropped: the answer has no room for it."""

    async def progress(self, _progress: float, _total: float | None = None, _message: str | None = None) -> None:
        """Dropped, likewise. A client that wants progress is answered with a stream."""


async def exchanged(server: McpServer, call: Call, message: Mapping[str, Any], revision: str) -> web.Response:
    """The answer to one message: 200 with a result or an error, 202 for what is owed none, 400 for what is no message."""
    owed = "method" in message and "id" in message
    try:
        parsed = types.jsonrpc_message_adapter.validate_python(dict(message), by_name=False)
    except ValidationError:
        return rpc.refused(rpc.INVALID_REQUEST, "That is no JSON-RPC message: a request has jsonrpc, id and method.")
    if not owed or not isinstance(parsed, types.JSONRPCRequest):
        return web.Response(status=202)
    carrier = SingleExchange(
        TransportContext(kind="streamable-http", can_send_request=False, headers=call.request.headers),
        parsed.id,
        ServerMessageMetadata(request_context=Request(scope_of(call))),
    )
    connection = Connection.from_envelope(revision, None, None)
    answer: dict[str, Any] = {"jsonrpc": "2.0", "id": parsed.id}
    try:
        answer["result"] = await serve_one(
            server, carrier, parsed.method, parsed.params, connection=connection, lifespan_state={}
        )
    except Exception as error:  # noqa: BLE001 - the SDK has the words for all of them, and logs what is our own fault
        answer["error"] = modern_error_data(error).model_dump(mode="json", exclude_none=True)
    return json_response(answer)
