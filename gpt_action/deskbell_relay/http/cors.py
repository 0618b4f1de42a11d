"""Which pages and extensions may read the relay's answers from a browser (Fetch standard, section 3.3 "CORS protocol").

Credentials are never allowed across origins: a cookie of ours opens nothing here, and a bearer token is something that
the page must have got by itself. aiohttp-cors knows whole origins or all; the id of an extension differs by
installation in Firefox, so origins are matched by their form here.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

from aiohttp import web

from deskbell_wire.errors import Problem

Readers = Literal["extensions", "all"]

EXTENSION: Final = re.compile(r"chrome-extension://[a-p]{32}|moz-extension://[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""An extension's origin. A web page cannot claim one: the browser writes the header."""

_OWNED_PAGE: Final = re.compile(
    r"https://[a-z0-9.\[\]:-]+|http://(([a-z0-9-]+\.)*localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?"
)

REMEMBERED_S: Final = 600
"""How long a browser may remember a preflight; Chromium takes two hours at the most."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """One row: the addresses, who may read their answers, and which headers cross."""

    addresses: re.Pattern[str]
    readers: Readers
    takes: str = "Authorization, Content-Type, Accept"
    gives: str = "Retry-After, X-Request-Id, WWW-Authenticate"


TABLE: Final = (
    Sharing(re.compile(r"/\.well-known/.*"), "all"),
    Sharing(
        re.compile(r"/mcp"),
        "all",
        # `*` stands for the Mcp-Param-… headers, whose names are the tools' own; it never includes Authorization.
        takes="Authorization, Content-Type, Accept, Last-Event-ID, Mcp-Session-Id, Mcp-Protocol-Version, Mcp-Method, "
        "Mcp-Name, *",
        gives="Mcp-Session-Id, Mcp-Protocol-Version, WWW-Authenticate, Retry-After, X-Request-Id",
    ),
    Sharing(re.compile(r"/oauth/(register|token)"), "all"),
    Sharing(re.compile(r"/oauth/(device_authorization|revoke)"), "extensions"),
    Sharing(
        re.compile(r"/(v1|ai)/.*"),
        "extensions",
        takes="Authorization, Content-Type, Accept, Last-Event-ID, Idempotency-Key, Prefer",
        gives="Retry-After, X-Request-Id, X-Run-Id, WWW-Authenticate, Location",
    ),
)


async def decorate(request: web.Request, response: web.StreamResponse) -> None:
    """Say who may read this answer; runs before the headers of any answer are written, a stream's and an error's too."""
    sharing = _sharing(request.path)
    if sharing is None:
        return
    origin = _reader(sharing, request.headers.get("Origin"))
    if sharing.readers == "extensions":
        response.headers.add("Vary", "Origin")
    if origin is not None:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = sharing.gives


def preflight(request: web.Request, methods: Collection[str]) -> web.Response:
    """The answer to a browser that asks before it sends. `methods` are those of the address.

    Raises Problem foreign_origin, method_not_allowed, not_found.
    """
    wanted = request.headers.get("Access-Control-Request-Method")
    if not methods:
        raise Problem("not_found", "There is nothing at this address.")
    allowed = ", ".join(sorted(methods))
    if wanted is None:
        raise Problem("method_not_allowed", f"This address takes {allowed}, not OPTIONS.", headers={"Allow": allowed})
    sharing = _sharing(request.path)
    if sharing is None or _reader(sharing, request.headers.get("Origin")) is None:
        raise Problem("foreign_origin", "Pages of other sites may not use this address.")
    return web.Response(
        status=204,
        headers={
            "Access-Control-Allow-Methods": allowed,
            "Access-Control-Allow-Headers": sharing.takes,
            "Access-Control-Max-Age": str(REMEMBERED_S),
            "Cache-Control": "no-store",
        },
    )


def is_accountable(origin: str) -> bool:
    """Whether it names a page that only its owner can write: over https, of this machine, or an extension.

    Not `null` (a sandbox, a file), and not http over a network.
    """
    return bool(_OWNED_PAGE.fullmatch(origin.lower()) or EXTENSION.fullmatch(origin))


def _sharing(path: str) -> Sharing | None:
    return next((row for row in TABLE if row.addresses.fullmatch(path)), None)


def _reader(sharing: Sharing, origin: str | None) -> str | None:
    """What to write for this origin; None when its pages may not read."""
    if sharing.readers == "all":
        return "*"
    return origin if origin is not None and EXTENSION.fullmatch(origin) else None
