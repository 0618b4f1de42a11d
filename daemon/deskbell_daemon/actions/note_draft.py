"""`note.draft`: has an AI of the relay write a note, which grows while it comes."""

import asyncio

from deskbell_daemon.actions.context import LiveContext
from deskbell_daemon.pouring import Pouring
from deskbell_wire.notes import DraftedNote, DraftNote


async def perform(args: DraftNote, context: LiveContext) -> DraftedNote:
    """Raises Problem, and Stopped when it was ended because somebody wanted that."""
    room = await asyncio.to_thread(context.notes)
    pouring = Pouring(
        room.drafts,
        context.runs,
        context.command_id,
        tell=context.tell,
        stopped=context.stopped,
        restarting=context.restarting,
    )
    return await pouring.pour(args)
