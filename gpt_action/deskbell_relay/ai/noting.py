"""A run's answer as a note: the command that has a device of the account write it down while it comes."""

from typing import Final

from deskbell_relay.http.route import Call
from deskbell_relay.ingress.intake import Asked, Intake
from deskbell_wire.actions import BY_ID
from deskbell_wire.errors import Problem
from deskbell_wire.pairing import CHAT_SCOPE
from deskbell_wire.run import NoteAsked, RunRequest

DRAFT: Final = BY_ID["note.draft"]
MAY_NOTE: Final = frozenset({DRAFT.scope, CHAT_SCOPE})
MOST_WORDS: Final = 8
MOST_CHARACTERS: Final = 80


class Noting:
    """Asks for `note.draft` in the name of who started the run."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def ask(self, call: Call, run_id: str, request: RunRequest) -> NoteAsked:
        """The command, made durable, or why there is none: the run goes on either way."""
        if call.who.device_id is None and not call.who.scopes & MAY_NOTE:
            return NoteAsked(error="This session may not write notes; start the run on the laptop instead.")
        arguments = {"run_id": run_id, "title": request.note_title or title_of(request)}
        if request.note_folder:
            arguments["folder"] = request.note_folder
        try:
            # Keyed by the run: a request that is repeated because its answer was lost makes no second note.
            asked = Asked(idempotency_key=run_id, wait_s=0, itself=True)
            result = await self._intake.submit(call, DRAFT, arguments, asked)
        except Problem as problem:
            return NoteAsked(error=problem.detail)
        return NoteAsked(command_id=result.id)


def title_of(request: RunRequest) -> str:
    """The first words of what was asked last."""
    asked = [message.content for message in request.conversation() if message.role == "user"]
    words = " ".join(asked[-1].split()[:MOST_WORDS]) if asked else ""
    return words[:MOST_CHARACTERS].strip() or "An answer"
