"""JSON-RPC errors for what is refused before the SDK sees it."""

from aiohttp import web
from mcp_types import INVALID_REQUEST, PARSE_ERROR

from deskbell_relay.http.responses import json_response

__all__ = ["INVALID_REQUEST", "PARSE_ERROR", "refused"]


def refused(code: int, message: str) -> web.Response:
    """400 with an error that answers no particular request."""
    return json_response({"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}}, status=400)
