"""A relay and a laptop as real processes, with an assistant that is connected: where the journeys begin."""

import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

from deskbell_daemon.cli.assistant import Assistant
from deskbell_daemon.cli.story import Household


def free_port() -> int:
    """A port of loopback that nobody has right now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def connected(folder: Path, **relay_settings: str) -> AsyncIterator[tuple[Household, Assistant]]:
    """All of it running, on a port that stays the same when the relay is started again."""
    settings = {
        "DESKBELL_PORT": str(free_port()),
        "DESKBELL_COMMANDS_RATE": "100000/minute",
        "DESKBELL_LOG_LEVEL": "warning",
    }
    household = Household(folder, **(settings | relay_settings))
    try:
        await household.start()
        async with Assistant(household.url, await household.gpt_client()) as assistant:
            await household.connect(assistant)
            yield household, assistant
    finally:
        await household.stop()
