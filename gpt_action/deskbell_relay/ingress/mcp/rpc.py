"""JSON-RPC errors for what is refused before the SDK sees it."""

from typing import Any

from aiohttp import web
from mcp_types import INVALID_REQUEST, PARSE_ERROR, UNSUPPORTED_PROTOCOL_VERSION
from mcp_types.version import KNOWN_PROTOCOL_VERSIONS

from deskbell_relay.http.responses import json_response

__all__ = ["INVALID_REQUEST", "PARSE_ERROR", "refused", "unknown_revision"]


def refused(code: int, message: str, data: Any = None) -> web.Response:
    """400 with an error that answers no particular request."""
    error = {"code": code, "message": message} | ({} if data is None else {"data": data})
    return json_response({"jsonrpc": "2.0", "id": None, "error": error}, status=400)


def unknown_revision(requested: str) -> web.Response:
    """400 that names the revisions which are served."""
    served = list(KNOWN_PROTOCOL_VERSIONS)
    data = {"supported": served, "requested": requested[:40]}
    words = f"Revision {requested[:40]!r} of the protocol is not served; there are: {', '.join(served)}."
    return refused(UNSUPPORTED_PROTOCOL_VERSION, words, data)
