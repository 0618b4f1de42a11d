"""A browser is paired, as it is shipped: by a code, or with the daemon beside it, where six digits must be the same."""

import contextlib
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest_asyncio
from aiohttp import web
from browser import ID, SECONDS, Browser, chromium
from home import Home
from playwright.async_api import Page, expect

from deskbell_daemon.cli.processes import command
from deskbell_daemon.cli.story import Household, until
from deskbell_daemon.settings import write_setting
from deskbell_wire.number_match import committed, digits

NAME = "Chromium on the desk"
LONG_MS = SECONDS * 1_000


@pytest_asyncio.fixture(loop_scope="session")
async def browser(shipped_build: Path, tmp_path: Path) -> AsyncIterator[Browser]:
    async with chromium(shipped_build, tmp_path / "chromium") as browser:
        yield browser


async def restarted(household: Household, port: int) -> None:
    """Its daemon, with the extension's door at that port or the next free one; 0: with none."""
    await household.daemon.stop()
    write_setting(household.places, "extension.port", port)
    await household.start_daemon()


@contextlib.asynccontextmanager
async def door_open(household: Household, port: int) -> AsyncIterator[None]:
    await restarted(household, port)
    try:
        yield
    finally:
        await restarted(household, 0)


@pytest_asyncio.fixture(loop_scope="session")
async def beside(household: Household, extension_port: int) -> AsyncIterator[Household]:
    """A household whose daemon opens the extension's door."""
    async with door_open(household, extension_port):
        yield household


async def pair_with_laptop(browser: Browser) -> tuple[Page, str]:
    """Press the button; the popup, and the digits that it shows."""
    popup = await browser.page("popup.html")
    await popup.get_by_label("Name").fill(NAME)
    await popup.get_by_role("button", name="Pair with this laptop").click()
    shown = await popup.locator(".digits").inner_text()
    return popup, shown


async def request_on(household: Household) -> dict[str, Any]:
    """What the laptop asks its person."""
    found: list[dict[str, Any]] = []

    async def there() -> bool:
        async with household.local() as daemon:
            found[:] = (await daemon.get("/v1/relay/approvals"))["approvals"]
        return bool(found)

    await until(there, "the request on the laptop")
    return found[0]


async def answer(household: Household, asked: dict[str, Any], word: str) -> None:
    async with household.local() as daemon:
        await daemon.post(f"/v1/relay/approvals/{asked['id']}/{word}")


async def devices(household: Household) -> list[str]:
    async with household.local() as daemon:
        return [device["name"] for device in (await daemon.get("/v1/relay/devices"))["devices"]]


async def test_a_code_is_approved_in_the_laptops_terminal(browser: Browser, home: Home) -> None:
    popup = await browser.page("popup.html")
    await popup.get_by_label("Name").fill(NAME)
    await popup.locator("summary").click()
    await popup.locator("input[name=relay]").fill(home.household.url)
    await popup.get_by_role("button", name="Get a code").click()
    code = await popup.locator("output.code").inner_text()
    await command(home.household.home, "approve", code, "--yes")
    await expect(popup.get_by_text("Connected to", exact=False)).to_be_visible(timeout=LONG_MS)
    assert NAME in await devices(home.household)
    await browser.ask("unpair")
    assert NAME not in await devices(home.household)


async def test_the_daemon_beside_it_pairs_with_the_same_digits_on_both_sides(
    browser: Browser, beside: Household
) -> None:
    popup, shown = await pair_with_laptop(browser)
    asked = await request_on(beside)
    assert asked["digits"] == shown
    assert asked["name"] == NAME
    await answer(beside, asked, "approve")
    assert (await browser.ask("status"))["value"]["connection"] == "needs_pairing"  # this side has not said yes
    await popup.get_by_role("button", name="Yes, the same").click()
    await expect(popup.get_by_text("Connected to", exact=False)).to_be_visible(timeout=LONG_MS)
    status = (await browser.ask("status"))["value"]
    assert (status["relay"], status["daemon"]) == (beside.url, True)


async def test_it_is_refused_on_the_laptop(browser: Browser, beside: Household) -> None:
    popup, _ = await pair_with_laptop(browser)
    await answer(beside, await request_on(beside), "deny")
    await expect(popup.get_by_text("It was refused on the laptop.").first).to_be_visible(timeout=LONG_MS)
    assert NAME not in await devices(beside)


async def test_nobody_is_there(browser: Browser, extension_port: int) -> None:
    popup = await browser.page("popup.html")
    await popup.get_by_role("button", name="Pair with this laptop").click()
    await expect(popup.get_by_role("alert").first).to_contain_text(
        "No Deskbell daemon answers on this machine", timeout=LONG_MS
    )


class Squatter:
    """A program that has taken the daemon's port, and stands between the extension and the daemon."""

    def __init__(self, port: int, relay: str = "") -> None:
        self.port = port
        self.relay = relay
        self.daemon = 0
        self.honours_its_word = True
        self.nonce = secrets.token_urlsafe(32)

    async def here(self, request: web.Request) -> web.Response:
        promised = self.nonce if self.honours_its_word else secrets.token_urlsafe(32)
        return self._say(
            {
                "product": "deskbell",
                "host_name": "your laptop",
                "paired": True,
                "relay": self.relay,
                "commitment": committed(promised),
            }
        )

    async def pair(self, request: web.Request) -> web.Response:
        """The daemon is told the extension's own code; its person sees a request of the right name."""
        asked = await request.json()
        expires_at = "2099-01-01T00:00:00.000000Z"
        if self.daemon:
            as_extension = {"Origin": f"chrome-extension://{ID}"}
            door = f"http://127.0.0.1:{self.daemon}/extension"
            async with aiohttp.ClientSession(headers=as_extension) as session:
                async with session.get(f"{door}/daemon") as response:
                    commitment = (await response.json())["commitment"]
                forward = asked | {"commitment": commitment, "nonce": secrets.token_urlsafe(32)}
                async with session.post(f"{door}/pair", json=forward) as response:
                    assert response.status == 200, await response.text()
        number = digits(asked["user_code"], asked["nonce"], self.nonce, self.relay)
        return self._say({"nonce": self.nonce, "digits": number, "expires_at": expires_at})

    async def state(self, request: web.Request) -> web.Response:
        return self._say({"state": "approved"})

    async def preflight(self, request: web.Request) -> web.Response:
        return self._say({})

    def _say(self, document: Any) -> web.Response:
        headers = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "content-type"}
        return web.json_response(document, headers=headers)


@contextlib.asynccontextmanager
async def squatting(port: int) -> AsyncIterator[Squatter]:
    squatter = Squatter(port)
    app = web.Application()
    app.router.add_get("/extension/daemon", squatter.here)
    app.router.add_post("/extension/pair", squatter.pair)
    app.router.add_get("/extension/pair/{code}", squatter.state)
    app.router.add_route("OPTIONS", "/{path:.*}", squatter.preflight)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield squatter
    finally:
        await runner.cleanup()


async def test_a_program_between_the_two_makes_the_digits_differ(
    browser: Browser, household: Household, extension_port: int
) -> None:
    async with squatting(extension_port) as squatter, door_open(household, extension_port):
        squatter.relay, squatter.daemon = household.url, extension_port + 1
        popup, shown = await pair_with_laptop(browser)
        asked = await request_on(household)
        assert asked["name"] == NAME
        assert asked["digits"] != shown  # the person looks, and says no on both sides
        await popup.get_by_role("button", name="No", exact=True).click()
        await expect(popup.get_by_text("nothing was paired", exact=False).first).to_be_visible(timeout=LONG_MS)
        await answer(household, asked, "deny")
        assert NAME not in await devices(household)
        assert (await browser.ask("status"))["value"]["connection"] == "needs_pairing"


async def test_a_program_that_picks_its_number_late_is_found_out(
    browser: Browser, home: Home, extension_port: int
) -> None:
    """It could else try numbers until the digits on both sides are the same."""
    async with squatting(extension_port) as squatter:
        squatter.relay, squatter.honours_its_word = home.household.url, False
        popup = await browser.page("popup.html")
        await popup.get_by_role("button", name="Pair with this laptop").click()
        await expect(popup.get_by_role("alert").first).to_contain_text("does not keep to what it said", timeout=LONG_MS)
        status = (await browser.ask("status"))["value"]
        assert (status["connection"], status.get("pairing")) == ("needs_pairing", None)
