"""The browser of a person who lets an assistant in: the relay's authorize page, the code, and the way back.

Any client's flow can be played with it, ours or somebody else's: it is given the address that the client would open.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import parse_qs, urljoin, urlsplit

import aiohttp

from deskbell_daemon.cli.pages import Page, code_form
from deskbell_daemon.http_client import HttpClient
from deskbell_wire.errors import Problem
from deskbell_wire.version import USER_AGENT

POLL_S = 0.2
REDIRECTS = 10

GetCode = Callable[[], Awaitable[str]]
Approve = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the browser has come to. `text` is None at the client's own address, which is never opened here."""

    address: str
    text: str | None


class Browser(HttpClient):
    """`async with Browser() as browser:` — one profile: its cookies go with it."""

    def open_http(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True),  # loopback addresses have cookies too
            timeout=aiohttp.ClientTimeout(total=60, sock_connect=10),
            headers={"User-Agent": USER_AGENT},
        )

    async def allow(self, address: str, get_code: GetCode, approve: Approve, patience_s: float = 300) -> str:
        """Open a client's authorization request, type the code that `get_code` brings from the laptop, wait there.

        `approve` is called once the page waits for the laptop. Returns the whole address of the redirect to the client
        (RFC 6749 4.1.2), which may bring an error as well as a code; it is not followed. Raises Problem code_not_valid,
        malformed_request with the page's own words, relay_unreachable.
        """
        client = parse_qs(urlsplit(address).query).get("redirect_uri", [""])[0]
        place = await self._open(address, client)
        if place.text is None:
            return place.address
        form = code_form(place.text)
        assert form.asked is not None, "code_form looked"
        target = urljoin(place.address, form.action)
        place = await self._open(target, client, form.fields | {form.asked: await get_code()})
        if place.text is None:
            return place.address
        page = Page(place.text)
        if page.form is not None and page.form.asked is not None:
            raise Problem("code_not_valid", f"The relay did not take the code. Its page says: {page.text[:300]}")
        await approve()
        return await self._sent_back(place, client, patience_s)

    async def _sent_back(self, place: Place, client: str, patience_s: float) -> str:
        """Wait at the page, as a browser without scripts does, until it sends us to the client's address."""
        try:
            async with asyncio.timeout(patience_s):
                while place.text is not None:
                    page = Page(place.text)
                    place = await self._open(urljoin(place.address, page.refresh or page.back or ""), client)
                    if place.text is not None:
                        await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise Problem("code_not_valid", "Nobody approved the assistant in time.") from None
        return place.address

    async def _open(self, address: str, client: str, form: dict[str, str] | None = None) -> Place:
        """Open a page, redirects within the relay followed; those to the client are not."""
        relay = f"{urlsplit(address).scheme}://{urlsplit(address).netloc}"
        method, headers = ("GET", {}) if form is None else ("POST", {"Origin": relay})
        try:
            for _ in range(REDIRECTS):
                async with self.http.request(
                    method, address, data=form, headers=headers, allow_redirects=False
                ) as response:
                    text = await response.text()
                location = response.headers.get("Location")
                if location is None:
                    break
                address = urljoin(address, location)
                if _same_place(address, client):
                    return Place(address, None)
                method, form, headers = "GET", None, {}
        except (aiohttp.ClientError, TimeoutError) as error:
            raise unreachable(relay, error) from error
        if response.status >= 300:
            raise Problem("malformed_request", f"The relay's page says ({response.status}): {Page(text).text[:300]}")
        return Place(address, text)


def _same_place(location: str, client: str) -> bool:
    """Whether it is the client's address; the port of a loopback address is the client's own affair (RFC 8252 7.3)."""
    there, theirs = urlsplit(location), urlsplit(client)
    return (there.scheme, there.hostname, there.path) == (theirs.scheme, theirs.hostname, theirs.path)


def unreachable(relay_url: str, error: Exception) -> Problem:
    """The sentence for a relay that does not answer."""
    return Problem("relay_unreachable", f"{relay_url} does not answer: {str(error) or type(error).__name__}.")
