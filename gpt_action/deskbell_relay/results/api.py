"""What devices ask and say about commands: list, look up, cancel, progress, result."""

from aiohttp import web

from deskbell_relay.delivery.sent import Sent
from deskbell_relay.http.arguments import parsed, whole_number
from deskbell_relay.http.responses import json_response, model_response
from deskbell_relay.http.route import Call, Route
from deskbell_relay.results.commands import Commands
from deskbell_wire.command import STATUSES
from deskbell_wire.errors import Problem
from deskbell_wire.result import Progress, Report

DEFAULT_PAGE = 50
LARGEST_PAGE = 200


class CommandsApi:
    """The `/v1/commands` routes."""

    def __init__(self, commands: Commands, sent: Sent) -> None:
        self._commands = commands
        self._sent = sent

    def routes(self) -> list[Route]:
        """This room's rows of the route table."""
        return [
            Route("GET", "/v1/commands", self.page, "device", summary="The account's commands, newest first"),
            Route("GET", "/v1/commands/{id}", self.get, "device", owns="command", summary="One command"),
            Route(
                "POST", "/v1/commands/{id}/cancel", self.cancel, "device", owns="command", summary="Cancel a command"
            ),
            Route(
                "POST",
                "/v1/commands/{id}/progress",
                self.progress,
                "device",
                body="json",
                owns="command",
                during_drain=True,
                summary="Report that a command waits or runs",
            ),
            Route(
                "POST",
                "/v1/commands/{id}/result",
                self.result,
                "device",
                body="result",
                owns="command",
                during_drain=True,
                summary="Report what became of a command",
            ),
        ]

    async def page(self, call: Call) -> web.StreamResponse:
        query = call.request.query
        status = query.get("status")
        if status is not None and status not in STATUSES:
            raise Problem("invalid_arguments", f"status must be one of {', '.join(STATUSES)}, not {status!r}.")
        most = whole_number(query, "limit", default=DEFAULT_PAGE, least=1, most=LARGEST_PAGE)
        results = await self._commands.page(call.who.account_id, status, query.get("before"), most)
        return json_response({"commands": [result.model_dump() for result in results]})

    async def get(self, call: Call) -> web.StreamResponse:
        result = await self._commands.get(call.who.account_id, call.request.match_info["id"])
        return model_response(result)

    async def cancel(self, call: Call) -> web.StreamResponse:
        result = await self._commands.cancel(call.who.account_id, call.request.match_info["id"])
        return model_response(result)

    async def progress(self, call: Call) -> web.StreamResponse:
        progress = parsed(Progress, call.body)
        await self._commands.advance(call.who.account_id, call.device, call.request.match_info["id"], progress)
        return web.Response(status=204)

    async def result(self, call: Call) -> web.StreamResponse:
        report = parsed(Report, call.body)
        command_id = call.request.match_info["id"]
        call.notes["command"] = command_id
        status = await self._commands.finish(
            call.who.account_id, call.device, command_id, report, self._sent.take(command_id)
        )
        return json_response({"id": command_id, "status": status})
