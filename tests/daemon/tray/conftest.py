"""A private session bus, a fake desktop on it, and the tray as a process."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from fake_desktop import FakeDesktop, start_bus, start_tray

from deskbell_daemon.places import Places


@pytest.fixture
def bus() -> Iterator[str]:
    process, address = start_bus()
    yield address
    process.terminate()
    process.wait()


@pytest.fixture
async def desktop(bus: str) -> AsyncIterator[FakeDesktop]:
    desktop = await FakeDesktop(bus).start()
    yield desktop
    desktop.stop()


@pytest.fixture
async def tray(places: Places) -> AsyncIterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """`tray(address)` starts it; it is ended with the test, and must end by itself when told to."""
    running: list[subprocess.Popen[bytes]] = []

    def start(address: str | None, **environment: str) -> "subprocess.Popen[bytes]":
        running.append(start_tray(places.config_file.parent.parent, address, **environment))
        return running[-1]

    yield start
    for process in running:
        process.terminate()
    for process in running:
        assert await asyncio.to_thread(process.wait, 10) in {0, 1}
