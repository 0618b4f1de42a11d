"""Who gets a page: the browser that holds the cookie, for a page of ours, from a page of ours."""

from typing import Final

from aiohttp import web

from deskbell_daemon.pages.session import Session
from deskbell_wire.errors import Problem

OPEN: Final = frozenset({"/page", "/page/style.css", "/page/page.js"})
"""No secret stands there; the first one asks for a ticket."""

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'none'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not no-referrer: with that, browsers send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def is_page(path: str) -> bool:
    """Whether this path is a page's, guarded here and never by the API's token."""
    return path == "/page" or path.startswith("/page/")


class PageGuard:
    """`port` is known once the socket is bound."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._host = ""

    def bound(self, port: int) -> None:
        self._host = f"127.0.0.1:{port}"

    def check(self, request: web.Request) -> None:
        """Raises Problem `foreign_host`, `foreign_origin`, `page_closed`, `unsupported_media_type`."""
        headers = request.headers
        hosts = headers.getall("Host", [])
        if [host.lower() for host in hosts] != [self._host]:
            raise Problem("foreign_host", f"The request is for the host {', '.join(hosts)[:200]!r}.")
        origins = headers.getall("Origin", [])
        if any(origin != f"http://{self._host}" for origin in origins):
            raise Problem("foreign_origin", f"The request comes from {origins[0][:200]!r}.")
        site = headers.get("Sec-Fetch-Site", "none")
        if site not in {"none", "same-origin"}:
            raise Problem("foreign_origin", "The request comes from a page of another site.")
        if headers.get("Sec-Fetch-Dest", "document") not in {"document", "empty", "style", "script"}:
            raise Problem("foreign_origin", "Deskbell's pages are shown in no other page.")
        if "Authorization" in headers:
            raise Problem("page_closed", "The pages take no token.")
        if request.path in OPEN:
            return
        word = request.path.split("/")[2]
        if word != self._session.word or not self._session.holds(headers.getall("Cookie", [])):
            raise Problem("page_closed", "This page belongs to a daemon that was restarted, or to another browser.")
        if request.method not in {"GET", "HEAD"}:
            if not origins:  # every browser sends it with a form
                raise Problem("foreign_origin", "The form does not say from which page it comes.")
            if request.content_type != "application/x-www-form-urlencoded":
                raise Problem("unsupported_media_type", f"The body is {request.content_type[:100]}, no form.")
