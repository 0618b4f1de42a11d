"""The device's end of the stream: connects, listens, notices silence, and comes back with its cursor."""

import asyncio
import random
from collections.abc import Awaitable, Callable

import aiohttp
import structlog

from deskbell_daemon.limits import Limits
from deskbell_daemon.link.backoff import Backoff, retry_after_s
from deskbell_daemon.link.connection import Connection
from deskbell_daemon.link.events import Events, StreamEnd
from deskbell_daemon.link.relay import Relay
from deskbell_daemon.logs import fault
from deskbell_wire.errors import Problem
from deskbell_wire.event import Decoder, EventTooLarge
from deskbell_wire.version import USER_AGENT

log = structlog.get_logger()

STEADY_S = 10.0
"""A stream that lived so long forgives the failures before it; a shorter one does not, or it would be hammered."""

_REPLACED_S = 30


class Stream:
    """Keeps one stream open for as long as `run` runs."""

    def __init__(
        self,
        relay: Relay,
        events: Events,
        connection: Connection,
        limits: Limits,
        on_open: Callable[[], Awaitable[None]],
    ) -> None:
        self._relay = relay
        self._events = events
        self._connection = connection
        self._limits = limits
        self._on_open = on_open
        self._backoff = Backoff(limits.backoff_first_s, limits.backoff_last_s)
        self._retry_s = 0.0
        self._wake = asyncio.Event()
        self._without_cursor = False

    def wake(self) -> None:
        """Try again now instead of after the pause."""
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled, or until the relay no longer accepts this device."""
        loop = asyncio.get_running_loop()
        while True:
            self._connection.become("connecting", self._connection.problem, failures=self._backoff.failures)
            began = loop.time()
            at_least = self._retry_s
            try:
                await self._listen()
                problem = Problem("relay_unreachable", f"{self._relay.url} closed the stream.")
            except StreamEnd as end:
                problem = Problem("draining", f"{self._relay.url} ended the stream: {end.bye.reason}.")
                within = max(0, min(end.bye.reconnect_within_s, 600))
                if end.bye.reason == "replaced":  # somebody else is this device too: do not fight at full speed
                    within = max(within, _REPLACED_S)
                at_least = max(at_least, random.uniform(0, within))  # noqa: S311 - spreads load, hides nothing
            except Problem as raised:
                problem = raised
                at_least = max(at_least, float(raised.extra.get("retry_after_s", 0)))
            except Exception as error:  # noqa: BLE001 - a fault of ours must not silence the bell for good
                log.error("stream_failed", **fault(error))
                problem = Problem("internal", f"The stream met an unexpected {type(error).__name__}.")
            if problem.code in {"revoked_token", "not_paired"}:
                self._connection.become("needs_pairing", problem)
                log.warning("needs_pairing", code=problem.code, detail=problem.detail)
                return
            if loop.time() - began > STEADY_S:
                self._backoff.reset()
            pause = self._backoff.next_s(at_least)
            self._connection.become("waiting", problem, retry_in_s=pause, failures=self._backoff.failures)
            log.info("stream_lost", code=problem.code, detail=problem.detail, retry_in_s=round(pause, 2))
            await self._sleep(pause)

    async def _sleep(self, pause: float) -> None:
        self._wake.clear()
        try:
            async with asyncio.timeout(pause):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _listen(self) -> None:
        # A 401 refreshes once; a second one for a fresh token means that the device was revoked.
        for attempt in (1, 2):
            token = await self._relay.tokens.access()
            cursor = None if self._without_cursor else await self._events.cursor()
            headers = {
                "Authorization": f"Bearer {token}",
                "Accept": "text/event-stream",
                "Cache-Control": "no-cache",
                "User-Agent": USER_AGENT,
            }
            if cursor is not None:
                headers["Last-Event-ID"] = cursor
            try:
                async with (
                    asyncio.timeout(self._limits.watchdog_s) as watchdog,
                    self._relay.http.get(
                        f"{self._relay.url}/v1/stream",
                        headers=headers,
                        timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
                        allow_redirects=False,
                    ) as response,
                ):
                    if response.status == 401:
                        self._relay.tokens.reject(token)
                        if attempt == 1:
                            continue
                    await self._check(response)
                    await self._read(response, watchdog)
                    return
            except TimeoutError:
                raise Problem(
                    "relay_unreachable", f"{self._relay.url} was silent for {self._limits.watchdog_s:g} s."
                ) from None
            except aiohttp.ClientError as error:
                raise Problem(
                    "relay_unreachable",
                    f"The stream from {self._relay.url} broke: {str(error) or type(error).__name__}.",
                ) from error

    async def _check(self, response: aiohttp.ClientResponse) -> None:
        if response.status == 200:
            if response.content_type != "text/event-stream":
                raise Problem(
                    "relay_unreachable",
                    f"{self._relay.url} answered with {response.content_type[:60]} instead of a stream: "
                    "perhaps this network shows a log-in page.",
                )
            return
        body = await response.content.read(10_000)
        if response.status == 401:
            raise Problem(
                "revoked_token",
                f"{self._relay.url} refuses even a fresh token of this laptop: it was revoked there.",
                next_step="Pair it again with `deskbell unpair` and `deskbell pair RELAY_URL`.",
            )
        if response.status == 400 and b"invalid_cursor" in body:
            log.warning("cursor_refused")
            self._without_cursor = True  # the ledger knows again what it has seen
        code = "rate_limited" if response.status == 429 else "relay_unreachable"
        raise Problem(
            code,
            f"{self._relay.url} answered {response.status} to the stream.",
            retry_after_s=retry_after_s(response.headers.get("Retry-After")),
        )

    async def _read(self, response: aiohttp.ClientResponse, watchdog: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        decoder = Decoder(self._limits.event_bytes)
        self._events.begin()
        opened = False
        async for chunk in response.content.iter_any():
            too_large: EventTooLarge | None = None
            try:
                events = decoder.feed(chunk)
            except EventTooLarge as error:
                events, too_large = error.events, error
            if decoder.retry_ms is not None:
                self._retry_s = min(decoder.retry_ms / 1000, self._limits.backoff_last_s)
            if events:
                watchdog.reschedule(loop.time() + self._limits.watchdog_s)
                self._connection.heard()
                await self._events.take(events)
                if not opened and self._events.greeted:
                    opened = True
                    self._without_cursor = False
                    self._connection.become("open")
                    log.info("stream_open", relay=self._relay.url)
                    await self._on_open()
                # What the ledger took long to write is not the relay's silence.
                watchdog.reschedule(loop.time() + self._limits.watchdog_s)
            if too_large is not None:
                raise Problem("relay_unreachable", str(too_large))
