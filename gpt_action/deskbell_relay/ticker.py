"""Work that comes round: one task a job, which a failure does not end."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger()


async def every(seconds: float, job: Callable[[], Awaitable[object]], *, name: str) -> None:
    """Call `job` each `seconds`, until cancelled. What it raises is logged, and the next turn tries again."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await job()
        except Exception:
            log.exception("turn_failed", job=name)
