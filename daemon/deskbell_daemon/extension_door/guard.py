"""Who may speak at the extension's door: an extension, which only a browser can vouch for, and never a web page.

A browser writes Origin itself, so a page cannot claim to be an extension; a program of this machine can. That is why the
door has no secret to give, and why the person compares six digits.
"""

import re
import time
from collections import deque
from typing import Final

from aiohttp import web

from deskbell_wire.errors import Problem
from deskbell_wire.number_match import CHROMIUM_ID

EXTENSION: Final = re.compile(
    rf"chrome-extension://{CHROMIUM_ID}|moz-extension://[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}"
)


class DoorGuard:
    """`port` is known once the socket is bound."""

    def __init__(self) -> None:
        self._host = ""

    def bound(self, port: int) -> None:
        self._host = f"127.0.0.1:{port}"

    def check(self, request: web.Request) -> str | None:
        """The extension's origin; None for a GET without one, as an extension with rights on this host sends it.

        Raises Problem `foreign_host`, `foreign_origin`, `unsupported_media_type`.
        """
        hosts = request.headers.getall("Host", [])
        if hosts != [self._host]:
            raise Problem("foreign_host", f"The request is for the host {', '.join(hosts)[:200]!r}.")
        origins = request.headers.getall("Origin", [])
        if not origins and request.method == "GET":
            if request.headers.get("Sec-Fetch-Site", "none") != "none":
                raise Problem("foreign_origin", "The request comes from a web page.")
            return None
        if len(origins) != 1 or EXTENSION.fullmatch(origins[0]) is None:
            raise Problem("foreign_origin", f"The request comes from {', '.join(origins)[:200] or 'nobody'!r}.")
        if request.method == "POST" and request.content_type != "application/json":
            raise Problem("unsupported_media_type", f"The body is {request.content_type[:100]}, not JSON.")
        return origins[0]


class Pace:
    """At most `most` in `seconds`, counted one by one."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._times: deque[float] = deque()

    def take(self) -> None:
        """Raises Problem `rate_limited`."""
        now = time.monotonic()
        while self._times and self._times[0] <= now - self._seconds:
            self._times.popleft()
        if len(self._times) >= self._most:
            wait_s = int(self._times[0] + self._seconds - now) + 1
            raise Problem(
                "rate_limited",
                f"More than {self._most} in {self._seconds:g} s; the next one is welcome in {wait_s} s.",
                headers={"Retry-After": str(wait_s)},
                retry_after_s=wait_s,
            )
        self._times.append(now)
