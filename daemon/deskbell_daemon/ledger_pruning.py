"""Keeps the ledger small: what has been reported long ago is forgotten, at the start and every six hours."""

import asyncio
from typing import Final

import structlog

from deskbell_daemon.ledger import Ledger
from deskbell_daemon.limits import Limits
from deskbell_wire import clock
from deskbell_wire.errors import Problem

log = structlog.get_logger()

EVERY_S: Final = 6 * 3600


async def prune_for_ever(ledger: Ledger, limits: Limits) -> None:
    """Until cancelled. A ledger that cannot be written now is tried again the next time."""
    while True:
        try:
            gone = await ledger.prune(clock.now_us() - limits.ledger_days * clock.DAY, limits.ledger_rows)
        except Problem as problem:
            log.warning("not_pruned", code=problem.code)
        else:
            log.debug("pruned", commands=gone)
        await asyncio.sleep(EVERY_S)
