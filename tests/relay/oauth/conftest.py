"""Fixtures of the tests of tokens and authorization."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from paired_relay import Laptop, PairedRelay


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[PairedRelay]:
    """A whole relay with generous rates, without an account yet."""
    relay = await PairedRelay(tmp_path).start()
    yield relay
    await relay.stop()


@pytest.fixture
async def laptop(relay: PairedRelay) -> Laptop:
    """The first device of an account at that relay."""
    return await relay.pair()
