"""Drafts whose last words a full disk did not take: each gets its end, from its own run, once there is room again.

Their commands were reported as failed long ago, so nothing begins them again; the ledger knows them. Nothing is asked of a
provider a second time: the relay has the run's text, and where it has not, the note is marked as a part.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog
from pydantic import ValidationError

from deskbell_daemon.gate.performance import Stopped
from deskbell_daemon.ledger import Entry, Ledger
from deskbell_daemon.link.runs import Runs
from deskbell_daemon.notes.room import NotesRoom
from deskbell_daemon.pouring import PASSING, Pouring
from deskbell_wire.errors import Problem
from deskbell_wire.notes import DraftNote
from deskbell_wire.result import Report

log = structlog.get_logger()

EVERY_S: Final = 60.0


class LeftoverDrafts:
    """One pass is `settle`."""

    def __init__(self, ledger: Ledger, room: Callable[[], NotesRoom], runs: Runs) -> None:
        """`room` blocks, and raises Problem when the folder cannot be opened."""
        self._ledger = ledger
        self._room = room
        self._runs = runs
        self._settled: set[str] = set()

    async def settle_for_ever(self) -> None:
        """Until cancelled: at the start, and every minute."""
        while True:
            try:
                await self.settle()
            except Problem as problem:  # the folder or the ledger; the next pass meets it again, or does not
                log.warning("drafts_left", code=problem.code)
            await asyncio.sleep(EVERY_S)

    async def settle(self) -> None:
        """End what can be ended now. Raises Problem."""
        for entry in await self._ledger.ended("note.draft"):
            if entry.id not in self._settled and _met_a_full_disk(entry):
                await self._settle(entry)

    async def _settle(self, entry: Entry) -> None:
        room = await asyncio.to_thread(self._room)
        try:
            args = DraftNote.model_validate(entry.command.arguments)
            draft = await asyncio.to_thread(room.drafts.find, args, entry.id)
            if draft is not None and not draft.ended:  # else it was taken away, or a person has made it their own
                await self._pouring(room, entry.id).pour(args)
                log.info("draft_ended_late", command=entry.id)
        except ValidationError:
            log.warning("draft_not_understood", command=entry.id)
        except Stopped:
            log.info("draft_left_empty", command=entry.id)
        except Problem as problem:
            if problem.code in PASSING:
                raise
            log.info("draft_ended_late", command=entry.id, code=problem.code)  # it stands in the note
        self._settled.add(entry.id)

    def _pouring(self, room: NotesRoom, command_id: str) -> Pouring:
        return Pouring(
            room.drafts,
            self._runs,
            command_id,
            tell=lambda line: log.debug("draft_grows", command=command_id, line=line),
            stopped=asyncio.Event(),
            restarting=lambda: True,
        )


def _met_a_full_disk(entry: Entry) -> bool:
    if entry.report is None:
        return False
    error = Report.model_validate_json(entry.report).error
    return error is not None and error.code in PASSING
