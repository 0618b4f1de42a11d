"""Fixtures of the relay's tests: its hops alone, or all of it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from paired_relay import Laptop, PairedRelay
from relay_rooms import DEV_1, DEV_2, Rooms


@pytest.fixture
async def rooms(tmp_path: Path) -> AsyncIterator[Rooms]:
    """The relay's hops, running, with the account `acc_1` and its devices DEV_1 and DEV_2."""
    rooms = Rooms(tmp_path)
    await rooms.start()
    await rooms.add_account("acc_1", DEV_1, DEV_2)
    yield rooms
    await rooms.stop()


@pytest.fixture
def relay_settings() -> dict[str, Any]:
    """Where `relay` differs from what is shipped; for a file or folder that wants something else."""
    return {}


@pytest.fixture
async def relay(tmp_path: Path, relay_settings: dict[str, Any]) -> AsyncIterator[PairedRelay]:
    """A whole relay with generous rates, without an account yet."""
    relay = await PairedRelay(tmp_path, **relay_settings).start()
    yield relay
    await relay.stop()


@pytest.fixture
async def laptop(relay: PairedRelay) -> Laptop:
    """The first device of an account at that relay."""
    return await relay.pair()
