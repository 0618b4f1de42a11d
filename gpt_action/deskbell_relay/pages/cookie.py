"""The browser that began a request, known again by a cookie; and the forms' token, which is made from it."""

import re
from typing import Final

from aiohttp import web

from deskbell_relay.http.own_cookie import OwnCookie
from deskbell_relay.http.route import Call
from deskbell_relay.oauth.secrets import digest, new_secret

_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")
LIFETIME_S: Final = 3600


class Browser(OwnCookie):
    """The cookie of one relay."""

    def __init__(self, issuer: str) -> None:
        super().__init__(issuer, "deskbell")

    def secret(self, request: web.Request) -> str | None:
        """What the cookie holds; None when there is none of ours."""
        value = self._value(request)
        return value if _SECRET.fullmatch(value) else None

    def begin(self, request: web.Request) -> str:
        """The browser's secret, or a new one. `set` must follow."""
        return self.secret(request) or new_secret()

    def set(self, response: web.StreamResponse, secret: str) -> None:
        """Give the browser its secret, for an hour."""
        self._give(response, secret, LIFETIME_S)

    def check_form(self, call: Call) -> str:
        """The browser's secret, when the form comes from a page that we gave this browser. Raises Problem csrf_failed."""
        secret = self.secret(call.request) or ""
        token = form_token(secret) if secret else None
        self._check_form(call.request, call.body, token, unsaid="same-origin")  # the token alone is proof enough
        return secret


def form_token(secret: str) -> str:
    """The token in the forms of the browser with this cookie."""
    return digest(f"form:{secret}")


def browser_hash(secret: str) -> str:
    """What the database keeps of the cookie."""
    return digest(f"browser:{secret}")
