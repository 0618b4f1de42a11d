"""An assistant, played from the terminal: the real authorization code flow, then the GPT Action door.

Used by `deskbell call`, by the demo and by the tests' journeys. It has no short cut: what it does, ChatGPT does.
"""

import asyncio
import base64
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import aiohttp

from deskbell_daemon.cli.pages import Page, code_form
from deskbell_wire.errors import ERRORS, Problem
from deskbell_wire.pairing import CLI_CLIENT
from deskbell_wire.version import USER_AGENT

SCOPES = "notes:read notes:write devices:read"
LOOPBACK_REDIRECT = "http://127.0.0.1/callback"
"""Of the public client; nobody listens there: the code is read from the redirect's address."""

FINAL = frozenset({"done", "refused", "failed", "interrupted", "expired", "cancelled"})
POLL_S = 0.2

GetCode = Callable[[], Awaitable[str]]
Approve = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Client:
    """An OAuth client: a public one with PKCE, or a static confidential one as a custom GPT is, without."""

    id: str = CLI_CLIENT
    redirect_uri: str = LOOPBACK_REDIRECT
    secret: str | None = field(default=None, repr=False)


class Assistant:
    """`async with Assistant(relay_url) as assistant:` — authorize once, then `call`. Every method raises Problem."""

    def __init__(self, relay_url: str, client: Client | None = None, refresh_token: str | None = None) -> None:
        self.relay_url = relay_url.rstrip("/")
        self.client = client or Client()
        self.refresh_token = refresh_token
        self._access_token: str | None = None
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True),  # loopback addresses have cookies too
            timeout=aiohttp.ClientTimeout(total=60, sock_connect=10),
            headers={"User-Agent": USER_AGENT},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.close()

    async def authorize(
        self, get_code: GetCode, approve: Approve, *, scopes: str = SCOPES, patience_s: float = 300
    ) -> None:
        """Go through the flow: open the page, type the code that `get_code` brings from the laptop, have it approved.

        `approve` is called once the page waits for the laptop. Raises Problem refused, code_not_valid, and others.
        """
        state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        asked = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": self.client.redirect_uri,
            "scope": scopes,
            "state": state,
        }
        if self.client.secret is None:
            challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
            asked |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        address, text = await self._page(f"{self.relay_url}/oauth/authorize?{urlencode(asked)}")
        form = code_form(text)
        assert form.asked is not None, "code_form looked"
        target = urljoin(address, form.action) if form.action else address
        waiting, text = await self._page(target, form.fields | {form.asked: await get_code()})
        form_again = Page(text).form
        if form_again is not None and form_again.asked is not None:
            raise Problem("code_not_valid", f"The relay did not take the code. Its page says: {Page(text).text[:300]}")
        await approve()
        answer = await self._redirect(waiting, text, patience_s)
        if answer.get("state") != state or answer.get("iss") != self.relay_url:
            raise Problem("malformed_request", "The relay's answer is not to our request: state or iss differ.")
        if "code" not in answer:
            code = "refused" if answer.get("error") == "access_denied" else "malformed_request"
            raise Problem(code, answer.get("error_description") or f"The relay answered {answer.get('error')}.")
        grant = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": self.client.redirect_uri}
        if self.client.secret is None:
            grant["code_verifier"] = verifier
        await self._token(grant)

    async def refresh(self) -> None:
        """A new access token, and with it a new refresh token. Raises Problem invalid_token when it no longer counts."""
        if self.refresh_token is None:
            raise Problem("missing_token", "This assistant has not been connected yet.")
        await self._token({"grant_type": "refresh_token", "refresh_token": self.refresh_token})

    async def call(
        self, operation: str, arguments: dict[str, Any], *, wait_s: int | None = None, key: str | None = None
    ) -> dict[str, Any]:
        """One operation; the relay's answer, final or not. `key` is an idempotency key. Raises the relay's Problem."""
        if self._access_token is None:
            await self.refresh()
        headers = {"Authorization": f"Bearer {self._access_token}"}
        if wait_s is not None:
            headers["Prefer"] = f"wait={wait_s}"
        if key is not None:
            headers["Idempotency-Key"] = key
        status, answer = await self._ask(f"/actions/{operation}", json=arguments, headers=headers)
        if status == 401 and answer.get("code") == "expired_token" and self.refresh_token is not None:
            await self.refresh()
            headers["Authorization"] = f"Bearer {self._access_token}"
            status, answer = await self._ask(f"/actions/{operation}", json=arguments, headers=headers)
        if status >= 400:
            raise relayed(status, answer)
        return answer

    async def finish(self, answer: dict[str, Any], *, patience_s: float = 600) -> dict[str, Any]:
        """The final answer of a command that `call` left unfinished, by `getResult`. Raises TimeoutError."""
        async with asyncio.timeout(patience_s):
            while answer.get("status") not in FINAL:
                answer = await self.call("getResult", {"command_id": answer["id"]})
                if answer.get("status") not in FINAL:
                    await asyncio.sleep(POLL_S)
        return answer

    async def _page(self, address: str, form: dict[str, str] | None = None) -> tuple[str, str]:
        """A page of the relay, redirects within it followed: its address and its text."""
        assert self._http is not None
        method = "GET" if form is None else "POST"
        try:
            async with self._http.request(method, address, data=form, headers={"Origin": self.relay_url}) as response:
                text = await response.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise unreachable(self.relay_url, error) from error
        if response.status >= 400:
            raise Problem("malformed_request", f"The relay's page says ({response.status}): {Page(text).text[:300]}")
        return str(response.url), text

    async def _redirect(self, address: str, text: str, patience_s: float) -> dict[str, str]:
        """Wait at the page, as a browser without scripts does, until it sends us to the client's address."""
        assert self._http is not None
        try:
            async with asyncio.timeout(patience_s):
                while True:
                    page = Page(text)
                    address = urljoin(address, page.refresh or page.back or "")
                    async with self._http.get(address, allow_redirects=False) as response:
                        location = response.headers.get("Location", "")
                        text = await response.text()
                    if location and _same_place(location, self.client.redirect_uri):
                        return dict(parse_qsl(urlsplit(location).query))
                    if response.status >= 400:
                        raise Problem("malformed_request", f"The relay's page says: {Page(text).text[:300]}")
                    address = urljoin(address, location)
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise Problem("code_not_valid", "Nobody approved the assistant in time.") from None
        except aiohttp.ClientError as error:
            raise unreachable(self.relay_url, error) from error

    async def _token(self, grant: dict[str, str]) -> None:
        form = grant | {"client_id": self.client.id}
        if self.client.secret is not None:
            form["client_secret"] = self.client.secret
        status, answer = await self._ask("/oauth/token", data=form)
        if status != 200:
            raise Problem(
                "invalid_token", f"The relay gave no token: {answer.get('error_description') or answer.get('error')}."
            )
        self._access_token = answer["access_token"]
        self.refresh_token = answer.get("refresh_token", self.refresh_token)

    async def _ask(self, path: str, **request: Any) -> tuple[int, dict[str, Any]]:
        assert self._http is not None
        try:
            async with self._http.post(self.relay_url + path, **request) as response:
                return response.status, await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise unreachable(self.relay_url, error) from error
        except ValueError as error:
            raise Problem("relay_unreachable", f"{self.relay_url} does not answer as a relay does.") from error


def _same_place(location: str, redirect_uri: str) -> bool:
    there, ours = urlsplit(location), urlsplit(redirect_uri)
    return (there.scheme, there.hostname, there.path) == (ours.scheme, ours.hostname, ours.path)


def relayed(status: int, answer: dict[str, Any]) -> Problem:
    """The relay's problem document as our own Problem."""
    code = answer.get("code")
    if code not in ERRORS:
        return Problem("relay_unreachable", f"The relay answered {status}.")
    return Problem(str(code), str(answer.get("detail")), next_step=answer.get("next_step"))


def unreachable(relay_url: str, error: Exception) -> Problem:
    """The sentence for a relay that does not answer."""
    return Problem("relay_unreachable", f"{relay_url} does not answer: {str(error) or type(error).__name__}.")
