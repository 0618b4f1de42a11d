"""A real browser for the daemon's pages: Debian's Chromium, driven by Playwright."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from browser_pages import link
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from deskbell_daemon.places import Places

ARTEFACTS = Path(os.environ.get("DESKBELL_TEST_ARTEFACTS") or Path(__file__).parents[3] / ".artefacts")
"""Where pictures of the pages are kept, for people to look at."""

REBOUND = "--host-resolver-rules=MAP rebound.test 127.0.0.1"


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One Chromium for all of this process's tests; its address for CDP. Each test has a context of its own in it."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found is not None, "these tests need Chromium (Debian: apt install chromium)"
    profile = tmp_path_factory.mktemp("chromium")
    words = [
        *(found, "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}", REBOUND),
        *(
            "--no-first-run",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--mute-audio",
        ),
        *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    ]
    with (profile / "chromium.log").open("wb") as log:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    port = profile / "DevToolsActivePort"
    until = time.monotonic() + 30
    while not (port.exists() and "\n" in port.read_text()):
        assert process.poll() is None and time.monotonic() < until, (profile / "chromium.log").read_text()[-2_000:]
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port.read_text().splitlines()[0]}"
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        connected = await playwright.chromium.connect_over_cdp(chromium)
        yield connected
        await connected.close()


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
