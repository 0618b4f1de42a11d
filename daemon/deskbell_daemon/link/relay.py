"""One request to the relay with the device's token: refreshed once on 401, answers as JSON, errors as Problems."""

import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from deskbell_daemon.link.backoff import retry_after_s
from deskbell_daemon.link.tokens import Tokens
from deskbell_wire.errors import ERRORS, Problem
from deskbell_wire.stream import WATCHDOG_S

MAX_ANSWER_BYTES = 4_000_000

RelayStream = AbstractAsyncContextManager[aiohttp.StreamReader | None]
"""The body of an event stream while it comes; None when there is nothing after the cursor."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the relay said: the status, the JSON of the body (None: empty or no JSON), seconds it asked to wait."""

    status: int
    body: Any = field(repr=False)
    retry_after_s: float = 0.0

    def problem(self) -> Problem:
        """The Problem of an answer that is an error, with the relay's own words where it sent some."""
        document = self.body if isinstance(self.body, dict) else {}
        code = document.get("code")
        if not isinstance(code, str) or code not in ERRORS:
            code = "rate_limited" if self.status == 429 else "relay_unreachable"
        detail = str(document.get("detail") or f"The relay answered {self.status}.")[:2_000]
        return Problem(code, detail, retry_after_s=self.retry_after_s) if self.retry_after_s else Problem(code, detail)


class Relay:
    """The relay of this device. Connections are kept alive and shared."""

    def __init__(self, http: aiohttp.ClientSession, url: str, tokens: Tokens) -> None:
        self.url = url
        self.http = http
        self.tokens = tokens

    async def ask(self, method: str, path: str, *, body: Any = None, raw: bytes | None = None) -> Answer:
        """Send JSON (`body`, or `raw` already encoded) and read the answer, whatever its status.

        Raises Problem `relay_unreachable` when there is none, and what `Tokens.access` raises.
        """
        data = raw if raw is not None else (None if body is None else json.dumps(body).encode())
        answer = await self._send(method, path, data, token := await self.tokens.access())
        if answer.status == 401:
            self.tokens.reject(token)
            answer = await self._send(method, path, data, await self.tokens.access())
        return answer

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of a good answer. Raises Problem for every other."""
        answer = await self.ask(method, path, body=body)
        if answer.status >= 400:
            raise answer.problem()
        return answer.body

    @contextlib.asynccontextmanager
    async def stream(self, path: str, last_event_id: str = "") -> AsyncIterator[aiohttp.StreamReader | None]:
        """The body of an event stream while it comes; None when there is nothing after that cursor.

        Raises Problem `relay_unreachable`, also in the middle, and what the relay answers instead of a stream.
        """
        answer = None
        try:
            for _ in range(2):
                headers = {"Authorization": f"Bearer {(token := await self.tokens.access())}"}
                if last_event_id:
                    headers["Last-Event-ID"] = last_event_id
                timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=WATCHDOG_S)
                async with self.http.get(
                    self.url + path, headers=headers, timeout=timeout, allow_redirects=False
                ) as response:
                    if response.status in (200, 204):
                        yield response.content if response.status == 200 else None
                        return
                    answer = Answer(response.status, _json(await response.content.read(MAX_ANSWER_BYTES)))
                if answer.status != 401:
                    break
                self.tokens.reject(token)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Problem(
                "relay_unreachable", f"The stream of {self.url} broke: {str(error) or type(error).__name__}."
            ) from error
        assert answer is not None, "no way out of the loop without one"
        raise answer.problem()

    async def _send(self, method: str, path: str, data: bytes | None, token: str) -> Answer:
        headers = {"Authorization": f"Bearer {token}"}
        if data is not None:
            headers["Content-Type"] = "application/json"
        try:
            async with self.http.request(
                method, self.url + path, data=data, headers=headers, allow_redirects=False
            ) as response:
                text = bytearray()
                async for chunk in response.content.iter_any():
                    text += chunk
                    if len(text) > MAX_ANSWER_BYTES:
                        raise Problem("relay_unreachable", f"{self.url}{path} answered with more than 4 MB.")
                pause = retry_after_s(response.headers.get("Retry-After"))
                return Answer(response.status, _json(text), pause)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Problem(
                "relay_unreachable", f"{self.url} cannot be reached: {str(error) or type(error).__name__}."
            ) from error


def _json(text: bytes | bytearray) -> Any:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
