"""Who may use the pages: whoever opened one by a one-time link that a client of this user was given.

Cookies know no ports: every other server on 127.0.0.1 would get ours. So its path holds a word that nobody else knows.
"""

import hashlib
import hmac
import secrets
import time
from typing import Final

from deskbell_wire.errors import Problem

COOKIE: Final = "deskbell"
TICKET_S: Final = 60.0
MOST_TICKETS: Final = 100
FORM_S: Final = 12 * 3600.0


class Session:
    """Lasts as long as the daemon. Time is monotonic."""

    def __init__(self) -> None:
        self.word = secrets.token_urlsafe(12)
        self._value = secrets.token_urlsafe(32)
        self._key = secrets.token_bytes(32)
        self._tickets: dict[str, tuple[str, float]] = {}
        self._used: dict[str, float] = {}

    @property
    def path(self) -> str:
        """Where the pages are, without a slash at the end."""
        return f"/page/{self.word}"

    @property
    def cookie(self) -> str:
        """The value of Set-Cookie."""
        return f"{COOKIE}={self._value}; Path={self.path}; HttpOnly; SameSite=Strict"

    def ticket(self, page: str) -> str:
        """A one-time ticket that opens `page`."""
        now = time.monotonic()
        self._tickets = {ticket: entry for ticket, entry in self._tickets.items() if entry[1] > now}
        while len(self._tickets) >= MOST_TICKETS:
            del self._tickets[next(iter(self._tickets))]
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = page, now + TICKET_S
        return ticket

    def open(self, ticket: str) -> str:
        """The page of a ticket, which is used up. Raises Problem `page_closed`."""
        page, until = self._tickets.pop(ticket, ("", 0.0))
        if not page or time.monotonic() > until:
            raise Problem("page_closed", "This link was used before, or it is older than a minute.")
        return page

    def holds(self, cookie_headers: list[str]) -> bool:
        """Whether our cookie is among those that came: another server on this host may have set one of the same name."""
        wanted = f"{COOKIE}={self._value}".encode()
        given = [part.strip().encode() for header in cookie_headers for part in header.split(";")[:50]]
        return any([hmac.compare_digest(part, wanted) for part in given])  # noqa: C419 - all of them, in even time

    def form(self) -> str:
        """A token for the forms of one rendering of a page: good for one of them, once."""
        content = f"{secrets.token_urlsafe(12)}.{int(time.monotonic() + FORM_S)}"
        return f"{content}.{self._seal(content)}"

    def use(self, form: str) -> None:
        """Raises Problem `csrf_failed` for a token that is not ours, too old, or used before."""
        content, _, seal = form.rpartition(".")
        nonce, _, until = content.partition(".")
        if not hmac.compare_digest(seal.encode(), self._seal(content).encode()):
            raise Problem("csrf_failed", "This form is not from a page of this daemon.")
        now = time.monotonic()
        if int(until) < now:
            raise Problem("csrf_failed", "The page was open for too long.")
        self._used = {used: end for used, end in self._used.items() if end > now}
        if nonce in self._used:
            raise Problem("csrf_failed", "This form was sent before; nothing was done again.")
        self._used[nonce] = float(until)

    def _seal(self, content: str) -> str:
        return hmac.new(self._key, content.encode(), hashlib.sha256).hexdigest()
