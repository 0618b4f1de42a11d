"""The GPT Action door: `POST /actions/{operationId}`, called by a custom GPT."""

from functools import partial

from aiohttp import web

from deskbell_relay.http.responses import model_response
from deskbell_relay.http.route import Call, Route
from deskbell_relay.ingress.intake import Asked, Intake
from deskbell_relay.results.archive import is_final
from deskbell_wire.actions import CATALOGUE, Action
from deskbell_wire.errors import Problem
from deskbell_wire.result import Result


class GptActionDoor:
    """Turns a request into a submission, and the result into the response."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    def routes(self) -> list[Route]:
        """This room's rows of the route table."""
        return [
            *(
                Route(
                    "POST",
                    f"/actions/{action.operation_id}",
                    partial(self.act, action),
                    "assistant",
                    body="json",
                    summary=action.title,
                )
                for action in CATALOGUE
            ),
            Route("POST", "/actions/{operation}", self.unknown, "assistant", body="json", summary="No such operation"),
        ]

    async def act(self, action: Action, call: Call) -> web.StreamResponse:
        """200 when the command is final, 202 when it is not yet."""
        asked = Asked.by_headers(call.request.headers)
        answer = await self._intake.ask(call, action, call.body, asked)
        unfinished = isinstance(answer, Result) and not is_final(answer.status)
        return model_response(answer, status=202 if unfinished else 200, brief=True)

    async def unknown(self, call: Call) -> web.StreamResponse:
        """Raises Problem unknown_operation."""
        name = call.request.match_info["operation"][:100]
        names = ", ".join(action.operation_id for action in CATALOGUE)
        raise Problem("unknown_operation", f"There is no operation {name!r}; there are: {names}.")
