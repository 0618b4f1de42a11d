"""Fixtures of the tests of the pages."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from paired_relay import PairedRelay


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[PairedRelay]:
    """A whole relay with generous rates, without an account yet."""
    relay = await PairedRelay(tmp_path).start()
    yield relay
    await relay.stop()
