"""The bridge from an aiohttp handler to an ASGI application, which is what the SDK is."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from aiohttp import web

from deskbell_relay.http.responses import SECURITY_HEADERS
from deskbell_relay.http.route import Call

Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]

CALL: Final = "deskbell.call"
"""Where in the ASGI scope the checked `Call` is found."""

_KEPT_BACK: Final = frozenset({"authorization", "cookie", "proxy-authorization"})
"""What no library needs to see: the guard has checked it."""

_OWN: Final = frozenset({"content-length", "transfer-encoding", "connection"})
"""What aiohttp says by itself."""


async def answered(application: Application, call: Call, body: bytes) -> web.StreamResponse:
    """The application's response to this request with this body.

    One that comes in one piece becomes an ordinary response; a streamed one is written as it comes. A client that goes
    cancels the handler (`handler_cancellation`), and with it the application.
    """
    exchange = Exchange(call, body)
    await application(scope_of(call), exchange.receive, exchange.send)
    return exchange.response


def scope_of(call: Call) -> Message:
    """The request as ASGI says it, with the call in it and without its secrets."""
    request = call.request
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": f"{request.version.major}.{request.version.minor}",
        "method": request.method,
        "scheme": request.scheme,
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (name.lower().encode("latin-1"), value.encode("utf-8", "surrogateescape"))
            for name, value in request.headers.items()
            if name.lower() not in _KEPT_BACK
        ],
        "client": (call.address, 0),
        "server": None,
        "extensions": {},
        CALL: call,
    }


class Exchange:
    """One request and its response, between the two conventions."""

    def __init__(self, call: Call, body: bytes) -> None:
        self._call = call
        self._body: bytes | None = body
        self._status = 500
        self._headers: list[tuple[str, str]] = []
        self._stream: web.StreamResponse | None = None
        self._whole: web.Response | None = None

    @property
    def response(self) -> web.StreamResponse:
        """What became of it."""
        response = self._stream or self._whole
        if response is None:
            raise RuntimeError("the application ended without an answer")
        return response

    async def receive(self) -> Message:
        """The body, once; then nothing until the client goes, which cancels whoever waits here."""
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

    async def send(self, message: Message) -> None:
        """Take a part of the response."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = [
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in message.get("headers", ())
                if name.decode("latin-1").lower() not in _OWN
            ]
            return
        body: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        if self._stream is None and not more:
            self._whole = web.Response(status=self._status, body=body, headers=self._headers)
            return
        if self._stream is None:
            self._stream = web.StreamResponse(status=self._status, headers=self._headers)
            for header, value in SECURITY_HEADERS.items():
                self._stream.headers.setdefault(header, value)
            self._stream.headers["X-Request-Id"] = self._call.request_id
            await self._stream.prepare(self._call.request)
        if body:
            await self._stream.write(body)
        if not more:
            await self._stream.write_eof()
