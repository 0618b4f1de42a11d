"""A relay with a laptop and an assistant at its MCP door."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from assistants import Assistant
from mcp_door import plugged_in
from paired_relay import Laptop, PairedRelay


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[PairedRelay]:
    relay = await PairedRelay(tmp_path, offline_wait_s=0.1).start()
    yield relay
    await relay.stop()


@pytest.fixture
async def laptop(relay: PairedRelay) -> Laptop:
    return await relay.pair()


@pytest.fixture
async def assistant(laptop: Laptop) -> Assistant:
    return await plugged_in(laptop)
