"""Responses and the headers that every one of them carries."""

import json
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from deskbell_wire.errors import MEDIA_TYPE, Problem

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

PAGE_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

STRICT_TRANSPORT = {"Strict-Transport-Security": "max-age=63072000"}


def json_text(value: Any) -> str:
    """Compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def json_response(value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON response of `value`."""
    return web.Response(
        body=json_text(value).encode("utf-8", "replace"),
        status=status,
        headers=headers,
        content_type="application/json",
    )


def model_response(model: BaseModel, *, status: int = 200, brief: bool = False) -> web.Response:
    """A JSON response of `model`; `brief` leaves out what is null."""
    return web.Response(
        body=model.model_dump_json(exclude_none=brief).encode(), status=status, content_type="application/json"
    )


def problem_response(problem: Problem, request_id: str) -> web.Response:
    """The RFC 9457 response of `problem`."""
    return web.Response(
        body=json_text(problem.document(request_id)).encode("utf-8", "replace"),
        status=problem.status,
        headers=problem.headers,
        content_type=MEDIA_TYPE,
    )
