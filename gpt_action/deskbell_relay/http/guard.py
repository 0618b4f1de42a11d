"""What stands before every handler: identity, limits, the body; and after it: one log line, figures, safe headers."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog
import uuid_utils
from aiohttp import web
from prometheus_client import Counter

from deskbell_relay.http import body
from deskbell_relay.http.address import caller_address
from deskbell_relay.http.metrics import Metrics
from deskbell_relay.http.principal import Principal
from deskbell_relay.http.rates import Rates
from deskbell_relay.http.responses import PAGE_HEADERS, SECURITY_HEADERS, STRICT_TRANSPORT, problem_response
from deskbell_relay.http.route import Access, Call, Route
from deskbell_relay.http.session_cookie import SessionCookie
from deskbell_relay.settings import Settings
from deskbell_wire.clock import now_us
from deskbell_wire.errors import Problem

log = structlog.get_logger()

ErrorPage = Callable[[Call, Problem], web.Response]
AiohttpHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Authenticates(Protocol):
    """Turns a bearer token into a principal."""

    async def authenticate(self, token: str, access: Access) -> Principal:
        """Raises Problem missing_token, invalid_token, expired_token, revoked_token."""

    async def redeem_ticket(self, ticket: str) -> Principal:
        """Raises Problem invalid_ticket."""


class Guard:
    """Wraps a route's handler. All routes go through here, so that none can forget a check."""

    def __init__(
        self, settings: Settings, authenticator: Authenticates, rates: Rates, metrics: Metrics, error_page: ErrorPage
    ) -> None:
        self._settings = settings
        self._authenticator = authenticator
        self._rates = rates
        self._metrics = metrics
        self._error_page = error_page
        self._public_rates = {"public": settings.public_rate, "pairing": settings.pairing_rate}
        self._headers = SECURITY_HEADERS | (STRICT_TRANSPORT if settings.issuer.startswith("https://") else {})
        self._session = SessionCookie(settings.issuer)
        self.draining = False

    def wrap(self, route: Route) -> AiohttpHandler:
        """The aiohttp handler of `route`."""
        name = f"{route.method} {route.path}"
        seconds = self._metrics.request_seconds.labels(name)
        answered: dict[int, Counter] = {}
        headers = self._headers | (PAGE_HEADERS if route.page else {})

        async def handle(request: web.Request) -> web.StreamResponse:
            started = time.perf_counter()
            call = Call(
                request, str(uuid_utils.uuid7()), now_us(), caller_address(request, self._settings.trusted_proxies)
            )
            problem: Problem | None = None
            try:
                response = await self._answer(route, call)
            except Problem as error:
                problem = error
                response = self._error_page(call, error) if route.page else problem_response(error, call.request_id)
            except web.HTTPException as error:
                response = error
            except (asyncio.CancelledError, ConnectionError):
                log.info("gone", route=name, request_id=call.request_id, address=call.address)
                raise
            except Exception:
                log.exception("failed", route=name, request_id=call.request_id)
                problem = Problem("internal", f"This request failed on our side; its id is {call.request_id}.")
                response = self._error_page(call, problem) if route.page else problem_response(problem, call.request_id)
            spent = time.perf_counter() - started
            status = response.status
            counter = answered.get(status)
            if counter is None:
                counter = answered[status] = self._metrics.requests.labels(name, str(status))
            counter.inc()
            if not response.prepared:
                for header, value in headers.items():
                    response.headers.setdefault(header, value)
                response.headers["X-Request-Id"] = call.request_id
                seconds.observe(spent)
            log.info(
                "request",
                route=name,
                status=status,
                ms=round(spent * 1000, 2),
                request_id=call.request_id,
                address=call.address,
                credential=call.principal.credential if call.principal else None,
                code=problem.code if problem else None,
                **call.notes,
            )
            return response

        return handle

    async def _answer(self, route: Route, call: Call) -> web.StreamResponse:
        if self.draining and not route.during_drain:
            raise Problem(
                "draining", "The relay is restarting; try again in a few seconds.", headers={"Retry-After": "3"}
            )
        if route.access == "public":
            if route.rate in self._public_rates:
                self._rates.hit(self._public_rates[route.rate], route.rate, call.address)
        else:
            call.principal = await self._authenticate(route.access, call)
            if route.rate in self._public_rates:
                self._rates.hit(self._public_rates[route.rate], route.rate, call.principal.credential)
            self._rates.hit(self._settings.requests_rate, "requests", call.principal.credential)
        await self._read_body(route, call)
        return await route.handler(call)

    async def _authenticate(self, access: Access, call: Call) -> Principal:
        request = call.request
        if "access_token" in request.query:
            raise Problem("malformed_request", "A token must never stand in an address; send Authorization: Bearer.")
        if access == "stream":
            ticket = request.query.get("ticket")
            if ticket is not None:
                return await self._authenticator.redeem_ticket(ticket)
            access = "device"
        if access == "chat":
            if "Authorization" not in request.headers:
                return await self._authenticator.authenticate(self._session.proven(request), access)
            access = "device"
        return await self._authenticator.authenticate(bearer(request), access)

    async def _read_body(self, route: Route, call: Call) -> None:
        if route.body == "none":
            return
        settings, request = self._settings, call.request
        most = settings.max_result_body if route.body == "result" else settings.max_body
        raw = await body.read(request, most=most, timeout_s=settings.upload_timeout_s)
        if route.body == "form":
            body.media_type(request, "application/x-www-form-urlencoded")
            call.body = body.parse_form(raw)
            return
        if raw:
            body.media_type(request, "application/json")
        call.body = body.parse_object(raw, depth=settings.max_json_depth)


def bearer(request: web.Request) -> str:
    """The bearer token of the Authorization header (RFC 6750 section 2.1); an empty string when there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
