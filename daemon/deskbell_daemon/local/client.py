"""The client's end of the loopback API: finds the daemon, makes sure that it is the daemon, then shows the token."""

import hmac
import json
import secrets
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp

from deskbell_daemon.http_client import HttpClient
from deskbell_daemon.local.address import LocalAddress, prove
from deskbell_daemon.places import Places
from deskbell_wire.errors import ERRORS, Problem
from deskbell_wire.event import Decoder, ServerSentEvent


class LocalClient(HttpClient):
    """`async with LocalClient(places) as daemon: await daemon.get("/v1/status")`.

    Entering and every request raise Problem: `daemon_not_running`, `daemon_not_genuine`, or what the daemon answers.
    """

    def __init__(self, places: Places, timeout_s: float = 30) -> None:
        self._places = places
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=3)
        self._address: LocalAddress | None = None

    def open_http(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)

    async def entered(self) -> None:
        self._address = LocalAddress.read(self._places.local_file)
        await self._verify(self._address)

    async def get(self, path: str) -> Any:
        return await self._ask("GET", path, None)

    async def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return await self._ask("POST", path, body or {})

    async def patch(self, path: str, body: dict[str, Any]) -> Any:
        return await self._ask("PATCH", path, body)

    async def delete(self, path: str) -> Any:
        return await self._ask("DELETE", path, {})

    async def events(self) -> AsyncGenerator[tuple[str, Any], None]:
        """Names and data of what changes, the whole status first; ends when the daemon stops."""
        async for event in self.stream("/v1/events"):
            # aiohttp-sse pings with a comment, which is no event
            yield event.event, json.loads(event.data)

    async def stream(self, path: str, last_event_id: str = "") -> AsyncGenerator[ServerSentEvent, None]:
        """The events of a stream, after that cursor; ends when the stream does. Raises Problem."""
        assert self._address is not None
        decoder = Decoder()
        headers = self._headers() | ({"Last-Event-ID": last_event_id} if last_event_id else {})
        try:
            async with self.http.get(
                self._address.url + path,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=3, sock_read=60),
            ) as response:
                if response.status not in (200, 204):
                    raise _problem(response.status, await response.read())
                async for chunk in response.content.iter_any():
                    for event in decoder.feed(chunk):
                        yield event
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Problem(
                "daemon_not_running", f"The daemon went away: {str(error) or type(error).__name__}."
            ) from error

    def _headers(self) -> dict[str, str]:
        assert self._address is not None
        return {"Authorization": f"Bearer {self._address.token}"}

    async def _verify(self, address: LocalAddress) -> None:
        # The daemon may have died and its port gone to somebody else, who must not get the token.
        nonce = secrets.token_urlsafe(24)
        proof = ""
        try:
            async with self.http.get(
                f"{address.url}/v1/proof", params={"nonce": nonce}, allow_redirects=False
            ) as response:
                answer = json.loads(await response.content.read(10_000))
                proof = str(answer.get("proof", "")) if isinstance(answer, dict) else ""
        except aiohttp.ClientConnectorError as error:
            raise Problem(
                "daemon_not_running", f"Nothing listens on port {address.port}: the daemon has stopped."
            ) from error
        except (aiohttp.ClientError, TimeoutError, ValueError, RecursionError) as error:
            raise Problem(
                "daemon_not_genuine", f"What listens on port {address.port} does not answer as the daemon would."
            ) from error
        if not hmac.compare_digest(proof.encode(), prove(address.token, nonce).encode()):
            raise Problem("daemon_not_genuine", f"What listens on port {address.port} is not this profile's daemon.")

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        assert self._address is not None
        try:
            async with self.http.request(
                method, self._address.url + path, json=body, headers=self._headers(), allow_redirects=False
            ) as response:
                text = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Problem(
                "daemon_not_running", f"The daemon did not answer: {str(error) or type(error).__name__}."
            ) from error
        if response.status >= 400:
            raise _problem(response.status, text)
        return json.loads(text) if text else None


def _problem(status: int, text: bytes) -> Problem:
    try:
        document = json.loads(text)
    except ValueError:
        document = {}
    if not isinstance(document, dict) or document.get("code") not in ERRORS:
        return Problem("internal", f"The daemon answered {status}.")
    return Problem(document["code"], str(document.get("detail")), next_step=document.get("next_step"))
