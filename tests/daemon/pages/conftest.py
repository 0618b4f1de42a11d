"""A real browser for the daemon's pages: Debian's Chromium, driven by Playwright."""

from collections.abc import AsyncIterator, Iterator

import chromium as browser_process
import pytest
from browser_pages import link
from chromium import ARTEFACTS
from playwright.async_api import Browser, BrowserContext, Page

from deskbell_daemon.places import Places

REBOUND = "--host-resolver-rules=MAP rebound.test 127.0.0.1"


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One Chromium for all of this process's tests; its address for CDP. Each test has a context of its own in it."""
    with browser_process.running(tmp_path_factory.mktemp("chromium"), REBOUND) as address:
        yield address


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with browser_process.connected(chromium) as connected:
        yield connected


@pytest.fixture
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(viewport={"width": 1000, "height": 800})
    context.set_default_timeout(30_000)
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
