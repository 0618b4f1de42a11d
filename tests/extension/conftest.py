"""Real relays, daemons and browsers that have the built extension in them: one home for many tests, or one's own."""

import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from browser import Browser, chromium
from extension_build import built
from filelock import FileLock
from home import Home, browsers_leave, let_in, living, lose_notes
from households import free_port
from web_site import Web, serving

from deskbell_daemon.cli.assistant import Assistant
from deskbell_daemon.cli.story import Household

EXTENSION_PORT = 41_627


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of this folder run on one loop: on it lives the home that they share."""
    on_one_loop = pytest.mark.asyncio(loop_scope="session")
    for item in items:
        if pytest_asyncio.is_async_test(item) and Path(__file__).parent in item.path.parents:
            item.add_marker(on_one_loop, append=False)


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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lived_in(tmp_path_factory: pytest.TempPathFactory, chromium_build: Path) -> AsyncIterator[Home]:
    """The home of all tests of this process: to start it takes longer than most of them."""
    async with living(tmp_path_factory.mktemp("home"), chromium_build) as home:
        yield home


@pytest_asyncio.fixture(loop_scope="session")
async def home(lived_in: Home) -> AsyncIterator[Home]:
    """For a test that neither kills nor stops anything in it, and does not unpair the browser."""
    yield lived_in
    await lived_in.tidy()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def restless(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Household, Assistant]]:
    """Another household, without a browser, whose relay has a port that stays the same when it is started again."""
    async with let_in(tmp_path_factory.mktemp("restless") / "household", DESKBELL_PORT=str(free_port())) as both:
        yield both


@pytest_asyncio.fixture(loop_scope="session")
async def household(restless: tuple[Household, Assistant]) -> AsyncIterator[Household]:
    """For a test with a browser of its own, which may stop or kill relay and daemon and has to start them again."""
    yield restless[0]
    await browsers_leave(restless[0])
    lose_notes(restless[0])


@pytest.fixture
def extension_port() -> Iterator[int]:
    """The first of the ports at which the extension looks for a daemon; ours alone while the test lasts."""
    with FileLock(Path(tempfile.gettempdir()) / "deskbell-extension-port.lock", timeout=300):
        yield EXTENSION_PORT


@pytest.fixture
def assistant(restless: tuple[Household, Assistant]) -> Assistant:
    """Let into that household, with everything that it may ask for."""
    return restless[1]


@pytest_asyncio.fixture(loop_scope="session")
async def web() -> AsyncIterator[Web]:
    async with serving() as site:
        yield site


@pytest_asyncio.fixture(loop_scope="session")
async def browser(chromium_build: Path, tmp_path: Path) -> AsyncIterator[Browser]:
    """The test's own, not paired."""
    async with chromium(chromium_build, tmp_path / "chromium") as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def paired(browser: Browser, household: Household) -> Browser:
    """The test's own browser, which has joined the household by a code."""
    await browser.pair(household)
    return browser
