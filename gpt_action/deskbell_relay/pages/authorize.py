"""What the person sees when an assistant asks to be connected: the code, the waiting, the end."""

from collections import Counter
from typing import Any, Final, Protocol

from aiohttp import web
from aiohttp_sse import sse_response
from multidict import MultiMapping
from sqlalchemy import Connection, Row, select, update

from deskbell_relay.http.responses import SECURITY_HEADERS
from deskbell_relay.http.route import Call, Route
from deskbell_relay.oauth.approvals import Approvals
from deskbell_relay.oauth.decisions import Decisions
from deskbell_relay.pages.asker import asker_of
from deskbell_relay.pages.cookie import Browser, browser_hash, form_token
from deskbell_relay.pages.rendering import page
from deskbell_relay.settings import Settings
from deskbell_relay.store.engine import Store
from deskbell_relay.store.identity_tables import requests
from deskbell_wire.clock import now_us
from deskbell_wire.errors import Problem
from deskbell_wire.pairing import CHAT_CLIENT

LOOK_AGAIN_S: Final = 2
"""How often a waiting page looks by itself: the decision may have been made at another process."""

MOST_STREAMS: Final = 3
"""Of one request: a reload may overlap its predecessor."""

ENDS: Final[dict[str, tuple[str, str]]] = {
    "denied": ("Refused", "The request was refused, so the assistant gets nothing."),
    "ended": ("Too many wrong codes", "This request has ended. Start again from the assistant, with a new code."),
    "done": ("Already finished", "This request was finished before. Go back to the assistant."),
    "expired": ("Too late", "Nobody answered in time, so the assistant gets nothing. Start again from the assistant."),
}

CHAT_ENDS: Final[dict[str, tuple[str, str]]] = {
    "denied": ("Refused", "The request was refused, so this browser is not signed in."),
    "ended": ("Too many wrong codes", "This request has ended. Sign in again, with a new code."),
    "done": ("Already finished", "This request was finished before. Go back to the chat page."),
    "expired": ("Too late", "Nobody answered in time, so this browser is not signed in. Sign in again."),
}


class Begun(Protocol):
    """How a request to `/oauth/authorize` begins: one of the two is given."""

    @property
    def request_id(self) -> str | None:
        """The request that now waits for a code."""

    @property
    def location(self) -> str | None:
        """Where the client hears what is wrong with it."""


class Authorizations(Protocol):
    """The protocol's side (RFC 6749): checks what a client asks, and answers it."""

    async def begin(self, query: MultiMapping[str], browser_hash: str) -> Begun:
        """Raises Problem when there is nobody to whom the error could safely be sent: an unknown client or address."""

    async def finish(self, request_id: str, browser_hash: str) -> str:
        """The client's address with the code, or with access_denied; once. Raises Problem request_not_found."""


class AuthorizePages:
    """The pages under `/oauth/authorize`."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        authorizations: Authorizations,
        approvals: Approvals,
        decisions: Decisions,
    ) -> None:
        self._settings = settings
        self._store = store
        self._authorizations = authorizations
        self._approvals = approvals
        self._decisions = decisions
        self._browser = Browser(settings.issuer)
        self._streams: Counter[str] = Counter()

    def routes(self) -> list[Route]:
        """These pages' rows of the route table. Whose request it is, the browser's cookie says."""
        own = "/oauth/authorize/{request}"
        return [
            Route("GET", "/oauth/authorize", self.begin, "public", rate="public", page=True, summary="Where it starts"),
            Route("GET", own, self.show, "public", rate="public", page=True, summary="The request as it stands"),
            Route("POST", own, self.enter, "public", body="form", rate="pairing", page=True, summary="The code"),
            Route("POST", f"{own}/cancel", self.cancel, "public", body="form", rate="public", page=True, summary="No"),
            Route(
                "GET", f"{own}/continue", self.go_on, "public", rate="public", page=True, summary="Back to the client"
            ),
            Route("GET", f"{own}/events", self.events, "public", rate="public", summary="Tells the page to go on"),
        ]

    async def begin(self, call: Call) -> web.StreamResponse:
        secret = self._browser.begin(call.request)
        begun = await self._authorizations.begin(call.request.query, browser_hash(secret))
        if begun.request_id is None:
            return redirect(begun.location or "/")
        call.notes["request"] = begun.request_id
        response = redirect(path_of(begun.request_id))
        self._browser.set(response, secret)
        return response

    async def show(self, call: Call) -> web.StreamResponse:
        secret, row = await self._own(call)
        status = status_of(row)
        context: dict[str, Any] = {
            "request": row,
            "asker": asker_of(row.client_id, row.redirect_uri),
            "path": path_of(row.id),
            "csrf": form_token(secret),
            "chat": row.client_id == CHAT_CLIENT,
        }
        if status == "open":
            return page(call, "authorize.html", context | {"left": self._settings.code_tries - row.tries})
        if status == "pending":
            return page(call, "waiting.html", context)
        if status == "approved":
            return page(call, "approved.html", context)
        heading, sentence = (CHAT_ENDS if row.client_id == CHAT_CLIENT else ENDS)[status]
        return page(call, "ended.html", context | {"heading": heading, "sentence": sentence, "back": status != "done"})

    async def enter(self, call: Call) -> web.StreamResponse:
        """Try the code. Whatever comes of it, the page shows it after a 303."""
        secret = self._browser.check_form(call)
        request_id = call.request.match_info["request"]
        outcome = await self._approvals.bind(request_id, browser_hash(secret), str(call.body.get("code", "")))
        if outcome == "gone":
            await self._own(call)  # of another browser: not found
        if outcome == "too_many":
            most = self._settings.pending_approvals
            raise Problem("too_many_pending", f"Already {most} requests wait for an answer on the laptop.")
        call.notes["request"] = request_id
        return redirect(path_of(request_id))

    async def cancel(self, call: Call) -> web.StreamResponse:
        """The person at the browser says no."""
        self._browser.check_form(call)
        _, row = await self._own(call)
        await self._store.write(lambda connection: end(connection, row.id, "denied"))
        self._decisions.tell(row.id)
        return redirect(path_of(row.id))

    async def go_on(self, call: Call) -> web.StreamResponse:
        """The last hop. Not straight after a form: the policy `form-action 'self'` would hold it back."""
        secret, row = await self._own(call)
        status = status_of(row)
        if status in {"open", "pending", "done"}:
            return redirect(path_of(row.id))
        if status == "expired":
            await self._store.write(lambda connection: end(connection, row.id, "ended"))
        return redirect(await self._authorizations.finish(row.id, browser_hash(secret)))

    async def events(self, call: Call) -> web.StreamResponse:
        """One `decided` event once the request no longer waits. Problem request_not_found, too_many_streams."""
        _, row = await self._own(call)
        if self._streams[row.id] >= MOST_STREAMS:
            raise Problem("too_many_streams", "This page is open too often; close the others.")
        self._streams[row.id] += 1
        try:
            async with sse_response(call.request, headers=SECURITY_HEADERS) as response:
                while response.is_connected():
                    if status_of(row) != "pending":
                        await response.send("", event="decided")
                        break
                    await self._decisions.wait(row.id, LOOK_AGAIN_S)
                    _, row = await self._own(call)
            return response
        finally:
            self._streams[row.id] -= 1
            if self._streams[row.id] <= 0:
                del self._streams[row.id]

    async def _own(self, call: Call) -> tuple[str, Row[Any]]:
        """The cookie's secret and the request that this browser began. Raises Problem request_not_found."""
        request_id = call.request.match_info["request"]
        secret = self._browser.secret(call.request)
        row = None
        if secret is not None:
            query = select(requests).where(requests.c.id == request_id, requests.c.kind == "assistant")
            own = query.where(requests.c.browser_hash == browser_hash(secret))
            row = await self._store.read(lambda connection: connection.execute(own).one_or_none())
        if secret is None or row is None:
            raise Problem(
                "request_not_found",
                "This browser has no such request: it began elsewhere, or is long over.",
                next_step="Start again from the assistant.",
            )
        return secret, row


def path_of(request_id: str) -> str:
    """The page of a request."""
    return f"/oauth/authorize/{request_id}"


def status_of(row: Row[Any]) -> str:
    """`open`, `pending`, `approved`, `denied`, `ended`, `done`, or `expired`."""
    late = row.expires_at <= now_us() and row.status in {"open", "pending", "approved"}
    return "expired" if late else str(row.status)


def redirect(location: str) -> web.Response:
    """303: the browser goes on with GET, and a form's contents go nowhere (RFC 9700 section 4.12)."""
    return web.Response(status=303, headers={"Location": location})


def end(connection: Connection, request_id: str, status: str) -> None:
    """End a request that nobody has decided. A decided one stays as it is."""
    connection.execute(
        update(requests)
        .where(requests.c.id == request_id, requests.c.status.in_(("open", "pending")))
        .values(status=status)
    )
