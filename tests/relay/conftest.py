"""Fixtures of the relay's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from relay_rooms import DEV_1, DEV_2, Rooms


@pytest.fixture
async def rooms(tmp_path: Path) -> AsyncIterator[Rooms]:
    """The relay's hops, running, with the account `acc_1` and its devices DEV_1 and DEV_2."""
    rooms = Rooms(tmp_path)
    await rooms.start()
    await rooms.add_account("acc_1", DEV_1, DEV_2)
    yield rooms
    await rooms.stop()
