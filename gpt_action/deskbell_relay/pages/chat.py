"""The chat page: signing in with a code from the laptop, asking, signing out; and the page of a shared answer."""

from typing import Any, Final, Protocol

from aiohttp import web

from deskbell_relay.http.principal import Principal
from deskbell_relay.http.route import Access, Call, Route
from deskbell_relay.http.session_cookie import SessionCookie, form_token
from deskbell_relay.oauth.chat_sessions import RETURN_PATH
from deskbell_relay.oauth.secrets import digest
from deskbell_relay.pages.authorize import path_of, redirect
from deskbell_relay.pages.cookie import Browser, browser_hash
from deskbell_relay.pages.cookie import form_token as browser_form_token
from deskbell_relay.pages.rendering import page
from deskbell_relay.settings import Settings
from deskbell_wire.errors import Problem

MOST_AGENT: Final = 400
"""Characters of a User-Agent that are looked at."""

NOTICES: Final[dict[str, str]] = {
    "refused": "You were not signed in: the laptop refused, or nobody answered there.",
    "ended": "Your session has ended. Sign in again to go on; your answers are still there.",
    "out": "You are signed out.",
}


class Sessions(Protocol):
    """How a browser comes to a session and loses it."""

    async def begin(self, secret: str, browser_hash: str, user_agent: str) -> str:
        """A request that waits for a code; its id."""

    async def finish(self, secret: str, code: str) -> str:
        """The session's token. Raises Problem csrf_failed."""

    async def end(self, account_id: str, grant_id: str) -> None:
        """Revoke it. Raises Problem grant_not_found."""


class Authenticates(Protocol):
    """Turns a session's token into a principal."""

    async def authenticate(self, token: str, access: Access) -> Principal:
        """Raises Problem with status 401."""


class ChatPages:
    """The pages under `/chat`, and `/shared`."""

    def __init__(self, settings: Settings, sessions: Sessions, authenticator: Authenticates) -> None:
        self._settings = settings
        self._sessions = sessions
        self._authenticator = authenticator
        self._browser = Browser(settings.issuer)
        self._session = SessionCookie(settings.issuer)

    def routes(self) -> list[Route]:
        """These pages' rows of the route table."""
        return [
            Route("GET", "/chat", self.show, "public", rate="public", page=True, summary="Ask an AI"),
            Route(
                "POST", "/chat/sign-in", self.sign_in, "public", body="form", rate="public", page=True,
                summary="Sign a browser in",
            ),
            Route(
                "GET", RETURN_PATH, self.signed_in, "public", rate="public", page=True,
                summary="The laptop has answered",
            ),
            Route(
                "POST", "/chat/sign-out", self.sign_out, "public", body="form", rate="public", page=True,
                summary="Sign it out",
            ),
            Route(
                "GET", "/shared/{token}", self.shared, "public", rate="public", page=True,
                summary="An answer that somebody shows you",
            ),
        ]  # fmt: skip

    async def show(self, call: Call) -> web.StreamResponse:
        """The chat for a browser that is signed in, else the way there."""
        token = self._session.token(call.request)
        if token:
            try:
                who = await self._authenticator.authenticate(token, "chat")
            except Problem as problem:
                if problem.status != 401:
                    raise
                response = self._sign_in_page(call, "ended")
                self._session.clear(response)
                return response
            account = digest(f"page:{who.account_id}")[:16]
            return page(call, "chat.html", {"csrf": form_token(token), "session": who.name, "account": account})
        return self._sign_in_page(call, call.request.query.get("notice", ""))

    async def sign_in(self, call: Call) -> web.StreamResponse:
        """Begin a request and go to the page that takes the code."""
        secret = self._browser.check_form(call)
        agent = call.request.headers.get("User-Agent", "")[:MOST_AGENT]
        request_id = await self._sessions.begin(secret, browser_hash(secret), agent)
        call.notes["request"] = request_id
        return redirect(path_of(request_id))

    async def signed_in(self, call: Call) -> web.StreamResponse:
        """Where the request comes back to, with a code or with a no."""
        secret, code = self._browser.secret(call.request), call.request.query.get("code", "")
        if "error" in call.request.query or not code or secret is None:
            return redirect("/chat?notice=refused")
        response = redirect("/chat")
        self._session.set(response, await self._sessions.finish(secret, code), self._settings.chat_session_s)
        return response

    async def sign_out(self, call: Call) -> web.StreamResponse:
        """Revoke the session, so that no copy of the cookie works either."""
        response = redirect("/chat?notice=out")
        self._session.clear(response)
        try:
            who = await self._authenticator.authenticate(self._session.check_form(call.request, call.body), "chat")
        except Problem as problem:
            if problem.status != 401:
                raise
            return response  # it had ended already
        assert who.grant_id is not None, "a session is a grant"
        await self._sessions.end(who.account_id, who.grant_id)
        return response

    async def shared(self, call: Call) -> web.StreamResponse:
        """Whether the link shows anything, the page's script finds out: it says so in the same words at any time."""
        return page(call, "shared.html", {"path": f"/ai/shared/{call.request.match_info['token']}"})

    def _sign_in_page(self, call: Call, notice: str) -> web.Response:
        secret = self._browser.begin(call.request)
        context: dict[str, Any] = {"csrf": browser_form_token(secret), "notice": NOTICES.get(notice)}
        response = page(call, "chat_sign_in.html", context)
        self._browser.set(response, secret)
        return response
