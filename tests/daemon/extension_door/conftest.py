"""A real relay, and a real daemon that is paired with it and has its extension door on ports of its own."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from browser_extension import BrowserExtension
from paired_relay import Laptop, PairedRelay

from deskbell_daemon.app import Daemon
from deskbell_daemon.link.tokens import REFRESH_SECRET
from deskbell_daemon.places import Places
from deskbell_daemon.secrets.file_store import FileStore
from deskbell_daemon.state import StateFile


@pytest.fixture
def first_port() -> int:
    """The first of five neighbours; two of them may be taken before the daemon comes to them."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return min(int(probe.getsockname()[1]), 65_000)


@pytest.fixture
async def real_relay(tmp_path: Path) -> AsyncIterator[PairedRelay]:
    relay = await PairedRelay(tmp_path / "relay", ai_local=False).start()
    yield relay
    await relay.stop()


@pytest.fixture
async def owner(real_relay: PairedRelay, places: Places, first_port: int) -> Laptop:
    """The laptop's own device at the relay; `places` are paired as it."""
    laptop = await real_relay.pair(name="laptop")
    await FileStore(places.secrets_file).set(REFRESH_SECRET, laptop.refresh_token)
    StateFile(places).update(
        relay_url=real_relay.url, device_id=laptop.device_id, account_id=laptop.account_id, device_name="laptop"
    )
    with places.config_file.open("a") as config:
        config.write(f"[extension]\nport = {first_port}\n")
    return laptop


@pytest.fixture
async def daemon(owner: Laptop, places: Places, start) -> AsyncIterator[Daemon]:  # type: ignore[no-untyped-def]
    async with start(places) as daemon:
        yield daemon


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def extension(real_relay: PairedRelay, daemon: Daemon, http: aiohttp.ClientSession) -> BrowserExtension:
    assert daemon.pairings.port is not None
    return BrowserExtension(real_relay, http, daemon.pairings.port)
