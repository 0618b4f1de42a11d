"""A real browser for the daemon's pages: Debian's Chromium, driven by Playwright."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from browser_pages import link
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from deskbell_daemon.places import Places

ARTEFACTS = Path(os.environ.get("DESKBELL_TEST_ARTEFACTS") or Path(__file__).parents[3] / ".artefacts")
"""Where pictures of the pages are kept, for people to look at."""

REBOUND = "--host-resolver-rules=MAP rebound.test 127.0.0.1"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium is not None, "these tests need Chromium (Debian: apt install chromium)"
    async with async_playwright() as playwright:
        sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        launched = await playwright.chromium.launch(executable_path=chromium, args=[*sandbox, REBOUND])
        yield launched
        await launched.close()


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(viewport={"width": 1000, "height": 800})
    context.set_default_timeout(10_000)
    yield context
    await context.close()


class Tab:
    """A tab on one of the daemon's pages, and all that went wrong in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)

    async def picture(self, name: str) -> None:
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)

    @property
    async def text(self) -> str:
        return str(await self.page.inner_text("body"))


@pytest.fixture
def open_tab(context: BrowserContext):  # type: ignore[no-untyped-def]
    """`await open_tab(places, "requests")`."""

    async def opened(places: Places, page: str = "requests") -> Tab:
        tab = Tab(await context.new_page())
        await tab.page.goto(await link(places, page))
        return tab

    return opened
