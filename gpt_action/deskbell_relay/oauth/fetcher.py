"""Reads a small JSON document from an address that a stranger chose, and lets it reach nothing but the public internet."""

import asyncio
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.abc import AbstractResolver

from deskbell_relay.http.body import parse_object
from deskbell_wire.errors import Problem

MOST_BYTES: Final = 10_000
TIMEOUT_S: Final = 5.0
MOST_DEPTH: Final = 10
AT_ONCE: Final = 64

_NAT64: Final = IPv6Network("64:ff9b::/96")
_MAX_AGE: Final = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?([0-9]{1,9})", re.IGNORECASE)
_JSON: Final = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json")

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document, and for how many seconds its server says that it holds; None when it says nothing."""

    document: dict[str, Any]
    max_age_s: int | None


class FetchError(Exception):
    """Why there is no document. `passing` when it may well be there in a minute."""

    def __init__(self, why: str, *, passing: bool) -> None:
        super().__init__(why)
        self.why = why
        self.passing = passing


class Fetcher:
    """Fetches over https. No redirect is followed; nothing is sent but the address.

    `permits` decides of each address at the moment at which a socket to it is made: a name that resolves anew between
    the check and the connection gains nothing. `context` and `resolver` are the system's unless given.
    """

    def __init__(
        self,
        *,
        permits: Callable[[Address], bool] | None = None,
        context: ssl.SSLContext | None = None,
        resolver: AbstractResolver | None = None,
        timeout_s: float = TIMEOUT_S,
        at_once: int = AT_ONCE,
    ) -> None:
        self._permits = permits or is_public
        self._context = context
        self._resolver = resolver
        self._timeout_s = timeout_s
        self._places = asyncio.Semaphore(at_once)

    async def fetch(self, url: str) -> Fetched:
        """The JSON object at `url`. Raises FetchError."""
        try:
            async with asyncio.timeout(self._timeout_s), self._places:
                return await self._fetch(url)
        except TimeoutError:
            raise FetchError(f"it did not come within {self._timeout_s:g} seconds", passing=True) from None

    async def _fetch(self, url: str) -> Fetched:
        refused: list[str] = []

        def socket_to(address: tuple[Any, ...]) -> socket.socket:
            family, kind, protocol, _, target = address
            if not self._permits(ip_address(target[0].partition("%")[0])):
                refused.append(target[0])
                raise OSError(f"{target[0]} is no public address")
            return socket.socket(family, kind, protocol)

        connector = TCPConnector(
            ssl=self._context or True,
            resolver=self._resolver,
            use_dns_cache=False,
            force_close=True,
            socket_factory=socket_to,
        )
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "Deskbell"}
        timeout = ClientTimeout(total=self._timeout_s)
        try:
            async with (
                ClientSession(
                    connector=connector,
                    cookie_jar=DummyCookieJar(),
                    timeout=timeout,
                    trust_env=False,
                    auto_decompress=False,
                ) as session,
                session.get(url, headers=headers, allow_redirects=False) as answer,
            ):
                return await _read(answer)
        except TimeoutError:
            raise
        except (ClientError, OSError, ValueError) as error:
            if refused:
                raise FetchError("its host is not on the public internet", passing=False) from error
            raise FetchError("its host cannot be reached over https", passing=True) from error


async def _read(answer: ClientResponse) -> Fetched:
    if 300 <= answer.status < 400:
        raise FetchError("it is a redirect, and none is followed", passing=False)
    if answer.status != 200:
        passing = answer.status >= 500 or answer.status in (408, 429)
        raise FetchError(f"its host answers with status {answer.status}", passing=passing)
    if _JSON.fullmatch(answer.content_type.lower()) is None:
        raise FetchError("it is not application/json", passing=False)
    if answer.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise FetchError("it is compressed, which was not asked for", passing=False)
    raw = b""
    while chunk := await answer.content.read(MOST_BYTES + 1 - len(raw)):
        raw += chunk
        if len(raw) > MOST_BYTES:
            raise FetchError(f"it is larger than {MOST_BYTES:,} bytes", passing=False)
    try:
        document = parse_object(raw, depth=MOST_DEPTH)
    except Problem as problem:
        raise FetchError(f"it is no JSON object of ours: {problem.detail.rstrip('.')}", passing=False) from None
    age = _MAX_AGE.search(answer.headers.get("Cache-Control", ""))
    return Fetched(document, int(age[1]) if age else None)


def is_public(address: Address) -> bool:
    """Whether the address is one of the public internet; an IPv4 address inside an IPv6 one is looked at too."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)
