"""The parts that the daemon's tests share: a relay that can misbehave, a home, a daemon in this process."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent / "support"))

from fake_relay import FakeRelay
from file_actions import CATALOGUE, FileActions

from deskbell_daemon.app import Daemon, run
from deskbell_daemon.link.tokens import REFRESH_SECRET
from deskbell_daemon.places import Places, find_places
from deskbell_daemon.secrets.file_store import FileStore
from deskbell_daemon.settings import load_settings
from deskbell_daemon.state import StateFile

CONFIG = """
device_name = "laptop"
[secrets]
backend = "file"
[limits]
backoff_first_s = 0.05
backoff_last_s = 0.4
watchdog_s = 5
"""


@pytest.fixture
async def relay() -> AsyncIterator[FakeRelay]:
    relay = FakeRelay()
    await relay.start()
    yield relay
    await relay.stop()


@pytest.fixture
def places(tmp_path: Path) -> Places:
    places = find_places(environment={"DESKBELL_HOME": str(tmp_path / "home")})
    places.config_file.parent.mkdir(parents=True)
    places.config_file.write_text(CONFIG)
    return places


@pytest.fixture
def actions(tmp_path: Path) -> FileActions:
    return FileActions(tmp_path / "effects")


@pytest.fixture
async def paired(relay: FakeRelay, places: Places) -> Places:
    """The places of a profile that is paired with `relay`."""
    await FileStore(places.secrets_file).set(REFRESH_SECRET, relay.seed())
    StateFile(places).update(
        relay_url=relay.url, device_id=relay.device_id, account_id="acc_1", declared_actions=["note.create"]
    )
    return places


Start = Callable[..., AbstractAsyncContextManager[Daemon]]


@pytest.fixture
def start(actions: FileActions) -> Start:
    """`async with start(places) as daemon`: a daemon in this loop; leaving stops it as SIGTERM does."""

    @asynccontextmanager
    async def running(places: Places, **wiring: Any) -> AsyncIterator[Daemon]:
        stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
        wired = {"performers": actions.performers, "context": lambda command: command, "catalogue": CATALOGUE, **wiring}
        task = asyncio.create_task(run(load_settings(places), places, stop=stop, started=ready.set_result, **wired))
        await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        try:
            yield ready.result()
        finally:
            stop.set()
            await task

    return running
