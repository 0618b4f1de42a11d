"""A household with a real relay and daemon, and a real Chromium that has the built extension in it."""

import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from browser import Browser, flags
from extension_build import built
from filelock import FileLock
from playwright.async_api import async_playwright
from web_site import Web, serving

from deskbell_daemon.cli.assistant import Assistant
from deskbell_daemon.cli.story import Household
from deskbell_wire.actions import SCOPES

EXTENSION_PORT = 41_627


@pytest.fixture(scope="session")
def chromium_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build with its optional permissions given: without a screen nobody can press Chromium's own question.

    All else is as it is shipped; `test_permissions` holds the shipped manifest to its list.
    """
    folder = tmp_path_factory.mktemp("extension") / "chrome"
    shutil.copytree(built("chrome"), folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["permissions"] += manifest.pop("optional_permissions")
    manifest["host_permissions"] = manifest.pop("optional_host_permissions")
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture(scope="session")
def shipped_build() -> Path:
    return built("chrome")


@pytest.fixture(scope="session")
def firefox_build() -> Path:
    return built("firefox")


@pytest.fixture
async def household(tmp_path: Path) -> AsyncIterator[Household]:
    household = Household(tmp_path / "household")
    await household.start()
    yield household
    await household.stop()


@pytest.fixture
def extension_port() -> Iterator[int]:
    """The first of the ports at which the extension looks for a daemon; ours alone while the test lasts."""
    with FileLock(Path(tempfile.gettempdir()) / "deskbell-extension-port.lock", timeout=300):
        yield EXTENSION_PORT


@pytest.fixture
async def assistant(household: Household) -> AsyncIterator[Assistant]:
    """Let in, with everything that it may ask for."""
    async with Assistant(household.url, await household.gpt_client()) as assistant:
        await household.connect(assistant, scopes=" ".join(SCOPES))
        yield assistant


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    async with serving() as site:
        yield site


@asynccontextmanager
async def chromium(build: Path, profile: Path) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            profile,
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
            headless=False,  # it is, by the flag: Playwright's own way has no extensions
            args=[*flags(), f"--disable-extensions-except={build}", f"--load-extension={build}"],
            ignore_default_args=["--disable-extensions"],
        )
        try:
            yield Browser(context)
        finally:
            await context.close()


@pytest.fixture
async def browser(chromium_build: Path, tmp_path: Path) -> AsyncIterator[Browser]:
    async with chromium(chromium_build, tmp_path / "chromium") as browser:
        yield browser


@pytest.fixture
async def paired(browser: Browser, household: Household) -> Browser:
    """A browser that has joined the household by a code."""
    await browser.pair(household)
    return browser
