"""The cookie that signs a browser in to the chat page, and the proof that a request comes from that page."""

from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from deskbell_relay.http.own_cookie import OwnCookie, fits
from deskbell_relay.oauth.secrets import digest
from deskbell_wire.errors import Problem

FORM_HEADER: Final = "X-Deskbell-Form"
"""Carries the page's token in requests that change something. A form of another site cannot set a header."""

_SAFE: Final = frozenset({"GET", "HEAD"})


class SessionCookie(OwnCookie):
    """Holds an access token for `/ai`.

    On loopback the port stands in its name, since browsers do not keep the cookies of two ports apart. `Lax` and not
    `Strict`, so that a link in a message opens the page signed in: `/ai` itself believes the cookie only where the
    browser says (Sec-Fetch-Site) that a page of this very origin asks, and not one that is merely of the same site. Every
    browser of today says it, over https and to loopback: what does not is no page.
    """

    def __init__(self, issuer: str) -> None:
        parts = urlsplit(issuer)
        super().__init__(issuer, "deskbell-chat" if parts.scheme == "https" else f"deskbell-chat-{parts.port or 80}")

    def token(self, request: web.Request) -> str:
        """The access token; an empty string when there is none."""
        return self._value(request)

    def set(self, response: web.StreamResponse, token: str, lifetime_s: int) -> None:
        """Sign the browser in."""
        self._give(response, token, lifetime_s)

    def clear(self, response: web.StreamResponse) -> None:
        """Sign the browser out."""
        self._take_away(response)

    def proven(self, request: web.Request) -> str:
        """The token of a request that our page sends; empty without a cookie. Raises Problem csrf_failed."""
        token = self.token(request)
        if not token:
            return ""
        form = request.headers.get(FORM_HEADER, "")
        if not self._from_our_page(request) or (request.method not in _SAFE and not fits(form, form_token(token))):
            raise Problem("csrf_failed", "This request does not come from the chat page of this relay.")
        return token

    def check_form(self, request: web.Request, form: dict[str, str]) -> str:
        """The token, when the form comes from the page that we gave this browser. Raises Problem csrf_failed."""
        token = self.token(request)
        self._check_form(request, form, form_token(token) if token else None)
        return token


def form_token(token: str) -> str:
    """What the page sends along as proof that it could read what we gave it."""
    return digest(f"chat:{token}")
