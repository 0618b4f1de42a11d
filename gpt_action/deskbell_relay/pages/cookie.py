"""The browser that began a request, known again by a cookie; and the forms' token, which is made from it."""

import hmac
import re
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from deskbell_relay.http.route import Call
from deskbell_relay.oauth.secrets import digest, new_secret
from deskbell_wire.errors import Problem

_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")
LIFETIME_S: Final = 3600


class Browser:
    """The cookie of one relay. `__Host-` on https: no neighbour under the same domain can set it."""

    def __init__(self, issuer: str) -> None:
        self._origin = issuer
        self._secure = urlsplit(issuer).scheme == "https"
        self.name = "__Host-deskbell" if self._secure else "deskbell"

    def secret(self, request: web.Request) -> str | None:
        """What the cookie holds; None when there is none of ours."""
        value = request.cookies.get(self.name, "")
        return value if _SECRET.fullmatch(value) else None

    def begin(self, request: web.Request) -> str:
        """The browser's secret, or a new one. `set` must follow."""
        return self.secret(request) or new_secret()

    def set(self, response: web.StreamResponse, secret: str) -> None:
        """Give the browser its secret, for an hour, unreadable to scripts."""
        response.set_cookie(
            self.name, secret, max_age=LIFETIME_S, path="/", secure=self._secure, httponly=True, samesite="Lax"
        )

    def check_form(self, call: Call) -> str:
        """The browser's secret, when the form comes from a page that we gave this browser. Raises Problem csrf_failed."""
        request = call.request
        secret = self.secret(request)
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        origin = request.headers.get("Origin", "null")  # our pages send no referrer, which makes the origin "null"
        token = str(call.body.get("csrf", "")).encode("utf-8", "surrogatepass")
        if (
            secret is None
            or site != "same-origin"
            or origin not in {"null", self._origin}
            or not hmac.compare_digest(token, form_token(secret).encode())
        ):
            raise Problem("csrf_failed", "This form does not come from the page that we showed you.")
        return secret


def form_token(secret: str) -> str:
    """The token in the forms of the browser with this cookie."""
    return digest(f"form:{secret}")


def browser_hash(secret: str) -> str:
    """What the database keeps of the cookie."""
    return digest(f"browser:{secret}")
