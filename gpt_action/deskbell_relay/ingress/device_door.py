"""What a device of the account asks of another one: the extension has a captured page written into the laptop's notes."""

from typing import Final

from aiohttp import web

from deskbell_relay.http.arguments import parsed
from deskbell_relay.http.responses import model_response
from deskbell_relay.http.route import Call, Route
from deskbell_relay.ingress.intake import Asked, Intake
from deskbell_relay.results.archive import is_final
from deskbell_wire.actions import BY_ID, DEVICE_ACTIONS
from deskbell_wire.command import CommandRequest
from deskbell_wire.errors import Problem

BETWEEN_DEVICES: Final = frozenset(action for action in DEVICE_ACTIONS if action.startswith("note."))
"""All that a device may ask for. One that was taken over shall not reach further through the others."""


class DeviceDoor:
    """`POST /v1/commands`."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    def routes(self) -> list[Route]:
        """This room's rows of the route table."""
        return [
            Route(
                "POST",
                "/v1/commands",
                self.ask,
                "device",
                body="result",
                summary="Ask another device for a note action",
            )
        ]

    async def ask(self, call: Call) -> web.StreamResponse:
        """200 when the command is final, 202 when it is not yet; a repetition with the same key joins the first.

        Raises Problem invalid_arguments, and those of `Intake.submit`.
        """
        request = parsed(CommandRequest, call.body)
        if request.action not in BETWEEN_DEVICES:
            allowed = ", ".join(sorted(BETWEEN_DEVICES))
            raise Problem(
                "invalid_arguments",
                f"A device cannot ask another one for {request.action[:64]!r}; it can for {allowed}.",
                fields=[{"field": "action", "problem": f"must be one of {allowed}"}],
            )
        asked = Asked.by_headers(call.request.headers)
        beside = {"device": request.device, "idempotency_key": request.idempotency_key}
        envelope = {name: value for name, value in beside.items() if value is not None}
        result = await self._intake.submit(call, BY_ID[request.action], {**request.arguments, **envelope}, asked)
        return model_response(result, status=200 if is_final(result.status) else 202, brief=True)
