"""A relay with a laptop and an assistant at its MCP door."""

from typing import Any

import pytest
from assistants import Assistant
from mcp_door import plugged_in
from paired_relay import Laptop


@pytest.fixture
def relay_settings() -> dict[str, Any]:
    return {"offline_wait_s": 0.1}


@pytest.fixture
async def assistant(laptop: Laptop) -> Assistant:
    return await plugged_in(laptop)
