"""Fixtures of the tests of the chat page."""

from collections.abc import AsyncIterator, Iterator

import chromium as browser_process
import pytest
from playwright.async_api import BrowserContext


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One Chromium for all of this process's tests; its address for CDP."""
    with browser_process.running(tmp_path_factory.mktemp("chromium")) as address:
        yield address


@pytest.fixture
async def context(chromium: str) -> AsyncIterator[BrowserContext]:
    """A browser of its own for each test."""
    async with browser_process.connected(chromium) as browser:
        context = await browser.new_context(viewport={"width": 1000, "height": 800})
        context.set_default_timeout(30_000)
        yield context
        await context.close()
