"""Who may speak to the loopback API: a client of this user, never a web page, whatever name it resolves to us.

A web page can send a top-level form POST to loopback, and DNS rebinding can make its own name ours: so the Host is
ours exactly, the bearer token is there, a foreign Origin is not, and a body is JSON.
"""

import hmac
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from deskbell_daemon.logs import fault
from deskbell_daemon.pages.guard import is_page
from deskbell_daemon.pages.pages import Pages
from deskbell_wire.errors import MEDIA_TYPE, Problem

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
OPEN_PATHS = frozenset({"/v1/proof"})
"""Answered without a token: a client must be able to check the daemon before it shows the token."""


class Guard:
    """The one middleware of the API. `port` is known once the socket is bound."""

    def __init__(self, token: str, pages: Pages) -> None:
        """`pages` have a guard of their own: a cookie opens them and nothing here, the token nothing there."""
        self._token = token.encode()
        self._pages = pages
        self._hosts: frozenset[str] = frozenset()

    def bound(self, port: int) -> None:
        self._hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        page = is_page(request.path)
        shown = self._pages.problem if page else problem_response
        try:
            if page:
                self._pages.guard.check(request)
            else:
                self._check(request)
            return await handler(request)
        except Exception as error:  # noqa: BLE001 - one broken request must not end the daemon
            return shown(problem_of(error, request))

    def _check(self, request: web.Request) -> None:
        hosts = request.headers.getall("Host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            raise Problem("foreign_host", f"The request is for the host {', '.join(hosts)[:200]!r}.")
        for origin in request.headers.getall("Origin", []):
            if origin.removeprefix("http://").lower() not in self._hosts or not origin.startswith("http://"):
                raise Problem("foreign_origin", f"The request comes from {origin[:200]!r}.")
        if request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
            raise Problem("foreign_origin", "The request comes from a page of another site.")
        if request.path in OPEN_PATHS:
            return
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not given:
            raise Problem("missing_token", "Send the token that stands in local.json as Authorization: Bearer.")
        if not hmac.compare_digest(given.encode(), self._token):
            raise Problem("invalid_token", "That is not this daemon's token; it changes at each start.")
        if request.method not in {"GET", "HEAD"} and request.content_type != "application/json":
            raise Problem("unsupported_media_type", f"The body is {request.content_type[:100]}, not JSON.")


def problem_of(error: Exception, request: web.Request) -> Problem:
    """What a request failed with, as a Problem; what nobody expected is logged, by its route and not its address."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, web.HTTPException):
        code = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}.get(
            error.status, "malformed_request"
        )
        return Problem(code, f"{request.method} {request.path[:200]}: {error.reason}.")
    resource = request.match_info.route.resource
    log.error("loopback_request_failed", route=resource.canonical if resource else "none", **fault(error))
    return Problem("internal", f"The daemon met an unexpected {type(error).__name__}.")


def problem_response(problem: Problem) -> web.Response:
    return web.json_response(
        problem.document(),
        status=problem.status,
        content_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **problem.headers},
    )
