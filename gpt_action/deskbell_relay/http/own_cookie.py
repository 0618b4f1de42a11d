"""A cookie that our own pages live by, and the proof that a request comes from one of them."""

import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from deskbell_wire.errors import Problem


class OwnCookie:
    """Out of the reach of scripts. `__Host-` on https: no neighbour under the same domain can set it."""

    def __init__(self, issuer: str, name: str) -> None:
        self._origin = issuer
        self._secure = urlsplit(issuer).scheme == "https"
        self.name = f"__Host-{name}" if self._secure else name

    def _value(self, request: web.Request) -> str:
        return request.cookies.get(self.name, "")

    def _give(self, response: web.StreamResponse, value: str, lifetime_s: int) -> None:
        response.set_cookie(
            self.name, value, max_age=lifetime_s, path="/", secure=self._secure, httponly=True, samesite="Lax"
        )

    def _take_away(self, response: web.StreamResponse) -> None:
        response.del_cookie(self.name, path="/", secure=self._secure, httponly=True, samesite="Lax")

    def _from_our_page(self, request: web.Request, unsaid: str = "") -> bool:
        """Whether the browser says that a page of this very origin asks; `unsaid`: what Sec-Fetch-Site then counts as."""
        return (
            request.headers.get("Sec-Fetch-Site", unsaid) == "same-origin"
            # our pages send no referrer, so a form of theirs says "null"
            and request.headers.get("Origin", "null") in {"null", self._origin}
        )

    def _check_form(self, request: web.Request, form: Mapping[str, Any], token: str | None, unsaid: str = "") -> None:
        """`token`: what the form must hold; None without a cookie. Raises Problem csrf_failed."""
        if token is None or not self._from_our_page(request, unsaid) or not fits(str(form.get("csrf", "")), token):
            raise Problem("csrf_failed", "This form does not come from the page that we showed you.")


def fits(text: str, token: str) -> bool:
    """Whether they are the same, in a time that does not tell where they differ."""
    return hmac.compare_digest(text.encode("utf-8", "surrogatepass"), token.encode())
