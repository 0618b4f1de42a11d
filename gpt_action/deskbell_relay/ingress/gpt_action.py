"""The GPT Action door: `POST /actions/{operationId}`, called by a custom GPT."""

from functools import partial

from aiohttp import web

from deskbell_relay.dispatch.dispatch import Dispatch
from deskbell_relay.dispatch.submission import Submission
from deskbell_relay.http.arguments import parsed
from deskbell_relay.http.responses import model_response
from deskbell_relay.http.route import Call, Route
from deskbell_relay.ingress.envelope import opened
from deskbell_relay.ingress.lookups import Lookups
from deskbell_relay.ingress.prefer import preferred_wait_s
from deskbell_relay.results.archive import is_final
from deskbell_wire.actions import CATALOGUE, Action
from deskbell_wire.errors import Problem
from deskbell_wire.result import Result


class GptActionDoor:
    """Turns a request into a submission, and the result into the response."""

    def __init__(self, dispatch: Dispatch, lookups: Lookups) -> None:
        self._dispatch = dispatch
        self._lookups = lookups

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
        call.notes["action"] = action.id
        require_scope(call, action)
        wait_s = preferred_wait_s(call.request.headers.get("Prefer"))
        if action.performer == "relay":
            answer = await self._lookups.answers[action.id](call.who, call.body, wait_s)
            status = 202 if isinstance(answer, Result) and not is_final(answer.status) else 200
            return model_response(answer, status=status, brief=True)
        envelope, arguments = opened(call.body, call.request.headers.get("Idempotency-Key"))
        parsed(action.input, arguments)  # refuses what does not fit; the device applies the same model to the same text
        submission = Submission(
            call.who, action, arguments, call.received_us, envelope.device, envelope.idempotency_key
        )
        result = await self._dispatch.submit(submission, wait_s)
        call.notes["command"] = result.id
        return model_response(result, status=200 if is_final(result.status) else 202, brief=True)

    async def unknown(self, call: Call) -> web.StreamResponse:
        """Raises Problem unknown_operation."""
        name = call.request.match_info["operation"][:100]
        names = ", ".join(action.operation_id for action in CATALOGUE)
        raise Problem("unknown_operation", f"There is no operation {name!r}; there are: {names}.")


def require_scope(call: Call, action: Action) -> None:
    """Raises Problem insufficient_scope, with the challenge of RFC 6750 section 3.1."""
    if action.scope not in call.who.scopes:
        raise Problem(
            "insufficient_scope",
            f"{action.operation_id} needs the scope {action.scope}, which was not granted.",
            headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{action.scope}"'},
            scope=action.scope,
        )
