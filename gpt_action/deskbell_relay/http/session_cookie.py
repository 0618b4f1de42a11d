"""The cookie that signs a browser in to the chat page, and the proof that a request comes from that page."""

import hmac
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from deskbell_relay.oauth.secrets import digest
from deskbell_wire.errors import Problem

FORM_HEADER: Final = "X-Deskbell-Form"
"""Carries the page's token in requests that change something. A form of another site cannot set a header."""

_SAFE: Final = frozenset({"GET", "HEAD"})


class SessionCookie:
    """Holds an access token for `/ai`, out of the reach of scripts. `__Host-` on https: no neighbour can set it.

    On loopback the port stands in its name, since browsers do not keep the cookies of two ports apart. `Lax` and not
    `Strict`, so that a link in a message opens the page signed in: `/ai` itself believes the cookie only where the
    browser says (Sec-Fetch-Site) that a page of this very origin asks, and not one that is merely of the same site.
    """

    def __init__(self, issuer: str) -> None:
        parts = urlsplit(issuer)
        self._origin = issuer
        self._secure = parts.scheme == "https"
        self.name = "__Host-deskbell-chat" if self._secure else f"deskbell-chat-{parts.port or 80}"

    def token(self, request: web.Request) -> str:
        """The access token; an empty string when there is none."""
        return request.cookies.get(self.name, "")

    def set(self, response: web.StreamResponse, token: str, lifetime_s: int) -> None:
        """Sign the browser in."""
        response.set_cookie(
            self.name, token, max_age=lifetime_s, path="/", secure=self._secure, httponly=True, samesite="Lax"
        )

    def clear(self, response: web.StreamResponse) -> None:
        """Sign the browser out."""
        response.del_cookie(self.name, path="/", secure=self._secure, httponly=True, samesite="Lax")

    def proven(self, request: web.Request) -> str:
        """The token of a request that our page sends; empty without a cookie. Raises Problem csrf_failed."""
        token = self.token(request)
        if not token:
            return ""
        form = request.headers.get(FORM_HEADER, "")
        if not self._from_our_page(request) or (request.method not in _SAFE and not is_form_token(form, token)):
            raise Problem("csrf_failed", "This request does not come from the chat page of this relay.")
        return token

    def check_form(self, request: web.Request, form: dict[str, str]) -> str:
        """The token, when the form comes from the page that we gave this browser. Raises Problem csrf_failed."""
        token = self.token(request)
        if not token or not self._from_our_page(request) or not is_form_token(str(form.get("csrf", "")), token):
            raise Problem("csrf_failed", "This form does not come from the page that we showed you.")
        return token

    def _from_our_page(self, request: web.Request) -> bool:
        """Every browser of today sends Sec-Fetch-Site, over https and to loopback: what does not say it is no page."""
        return (
            request.headers.get("Sec-Fetch-Site") == "same-origin"
            # our pages send no referrer, so a form of theirs says "null"
            and request.headers.get("Origin", "null") in {"null", self._origin}
        )


def form_token(token: str) -> str:
    """What the page sends along as proof that it could read what we gave it."""
    return digest(f"chat:{token}")


def is_form_token(text: str, token: str) -> bool:
    """Whether the page of that session sent `text`."""
    return hmac.compare_digest(text.encode("utf-8", "surrogatepass"), form_token(token).encode())
