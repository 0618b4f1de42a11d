"""An assistant, played from the terminal: the real authorization code flow, then the GPT Action door.

Used by `deskbell call`, by the demo and by the tests' journeys. It has no short cut: what it does, ChatGPT does.
"""

import asyncio
import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp

from deskbell_daemon.cli.browser import Approve, Browser, GetCode, unreachable
from deskbell_daemon.http_client import HttpClient
from deskbell_wire.actions import SCOPES
from deskbell_wire.errors import ERRORS, Problem
from deskbell_wire.pairing import CLI_CLIENT
from deskbell_wire.version import USER_AGENT

EVERY_SCOPE = " ".join(SCOPES)
"""All that the catalogue can be asked for: what is refused to an assistant depends on the laptop's rules alone."""

LOOPBACK_REDIRECT = "http://127.0.0.1/callback"
"""Of the public client; nobody listens there: the code is read from the redirect's address."""

FINAL = frozenset({"done", "refused", "failed", "interrupted", "expired", "cancelled"})
POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Client:
    """An OAuth client: a public one with PKCE, or a static confidential one as a custom GPT is, without."""

    id: str = CLI_CLIENT
    redirect_uri: str = LOOPBACK_REDIRECT
    secret: str | None = field(default=None, repr=False)


class Assistant(HttpClient):
    """`async with Assistant(relay_url) as assistant:` — authorize once, then `call`. Every method raises Problem."""

    def __init__(self, relay_url: str, client: Client | None = None, refresh_token: str | None = None) -> None:
        self.relay_url = relay_url.rstrip("/")
        self.client = client or Client()
        self.refresh_token = refresh_token
        self._access_token: str | None = None

    def open_http(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=60, sock_connect=10),
            headers={"User-Agent": USER_AGENT},
        )

    async def authorize(
        self, get_code: GetCode, approve: Approve, *, scopes: str = EVERY_SCOPE, patience_s: float = 300
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
        async with Browser() as browser:
            request = f"{self.relay_url}/oauth/authorize?{urlencode(asked)}"
            sent_back = await browser.allow(request, get_code, approve, patience_s)
        answer = dict(parse_qsl(urlsplit(sent_back).query))
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

    async def give_back(self, refresh_token: str) -> None:
        """End the grant behind a token that another one has taken the place of (RFC 7009). Raises Problem."""
        form = {"token": refresh_token, "client_id": self.client.id}
        if self.client.secret is not None:
            form["client_secret"] = self.client.secret
        status, answer = await self._ask("/oauth/revoke", data=form)
        if status != 200:
            raise relayed(status, answer)

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
        try:
            async with self.http.post(self.relay_url + path, **request) as response:
                return response.status, await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise unreachable(self.relay_url, error) from error
        except ValueError as error:
            raise Problem("relay_unreachable", f"{self.relay_url} does not answer as a relay does.") from error


def relayed(status: int, answer: dict[str, Any]) -> Problem:
    """The relay's problem document as our own Problem."""
    code = answer.get("code")
    if code not in ERRORS:
        return Problem("relay_unreachable", f"The relay answered {status}.")
    return Problem(str(code), str(answer.get("detail")), next_step=answer.get("next_step"))
