"""`tools/call`: an action asked for at this door, with progress, taking back, and waiting for the person's yes."""

import asyncio
import contextlib
from typing import Any, Final

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from deskbell_relay.http.route import Call
from deskbell_relay.ingress.intake import Asked, Intake
from deskbell_relay.ingress.mcp.asgi import CALL
from deskbell_relay.ingress.mcp.flights import Flights, spelled
from deskbell_relay.ingress.mcp.toolbox import Ask, Toolbox
from deskbell_relay.ingress.mcp.tools import error_of, result_of
from deskbell_relay.results.commands import Commands
from deskbell_wire.actions import BY_ID
from deskbell_wire.errors import Problem
from deskbell_wire.result import Progress, Result

Context = ServerRequestContext[Any, Any]

REQUEST_CANCELLED: Final = -32800
"""The code that the Language Server Protocol gave it, from which MCP has its cancellation."""

SESSION_HEADER: Final = "Mcp-Session-Id"
MOST_STEPS: Final = 64
"""Steps of progress that wait to be written; what comes on top of them is old before it is read."""

APPROVAL: Final = "approval"
_QUESTION: Final = types.ElicitRequest(
    params=types.ElicitRequestFormParams(
        message="Your laptop or browser asks whether this may be done. Answer there first; then continue here, or cancel it.",
        requested_schema={"type": "object", "properties": {}},
    )
)


class ToolCalls:
    """Answers `tools/call`."""

    def __init__(self, intake: Intake, toolbox: Toolbox, commands: Commands, flights: Flights) -> None:
        self._intake = intake
        self._toolbox = toolbox
        self._commands = commands
        self._flights = flights

    async def call(
        self, ctx: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        """What the tool gave, or why not; never an exception for what a model could put right."""
        call = call_of(ctx)
        ask = await self._toolbox.ask(call.who, params.name, params.arguments or {})
        if ask is None:
            names = ", ".join(tool.name for tool in await self._toolbox.tools(call.who))
            raise MCPError(types.INVALID_PARAMS, f"There is no tool {params.name[:100]!r}; there are: {names}.")
        try:
            if params.request_state is not None:
                ask = await self._answered(call, params.request_state, params.input_responses)
            answer = await self._ask(ctx, call, ask)
        except Problem as problem:
            call.notes["tool_error"] = problem.code
            return error_of(problem)
        if isinstance(answer, Result) and answer.status == "awaiting_approval" and can_be_asked(ctx):
            return types.InputRequiredResult(input_requests={APPROVAL: _QUESTION}, request_state=answer.id)
        return result_of(answer)

    async def _answered(self, call: Call, command_id: str, responses: Any) -> Ask:
        """The client comes back to a command that waited for a yes: look how it stands, or take it back.

        The state is the command's id, which any client may make up: it finds the account's own commands alone, and takes
        back those of its own grant.
        """
        response = (responses or {}).get(APPROVAL)
        if isinstance(response, types.ElicitResult) and response.action != "accept":
            assert call.who.grant_id is not None, "an assistant has a grant"
            await self._commands.withdraw(call.who.account_id, command_id, grant_id=call.who.grant_id)
        return Ask(BY_ID["command.get"], {"command_id": command_id})

    async def _ask(self, ctx: Context, call: Call, ask: Ask) -> Any:
        """The answer, with the device's progress told meanwhile. Raises MCPError when the client takes the call back."""
        steps: asyncio.Queue[Progress] | None = asyncio.Queue(MOST_STEPS) if wants_progress(ctx) else None

        def watch(progress: Progress) -> None:
            if steps is not None:
                with contextlib.suppress(asyncio.QueueFull):
                    steps.put_nowait(progress)

        asked = Asked(watch=watch if steps is not None else None, withdraw=True)
        work = asyncio.create_task(self._intake.ask(call, ask.action, ask.arguments, asked))
        assert call.who.grant_id is not None, "an assistant has a grant"
        session = call.request.headers.get(SESSION_HEADER, "")
        with self._flights.holding((call.who.grant_id, session, spelled(ctx.request_id)), work):
            try:
                if steps is not None:
                    await tell(ctx, work, steps)
                return await work
            except asyncio.CancelledError:
                if self._flights.was_abandoned(work):
                    raise MCPError(REQUEST_CANCELLED, "The client took this request back.") from None
                raise
            finally:
                work.cancel()


async def tell(ctx: Context, work: asyncio.Task[Any], steps: "asyncio.Queue[Progress]") -> None:
    """Pass each step on to the client until the work is done."""
    number = 0
    while not work.done():
        step = asyncio.create_task(steps.get())
        try:
            await asyncio.wait((work, step), return_when=asyncio.FIRST_COMPLETED)
            if step.done():
                number += 1
                progress = step.result()
                await ctx.session.report_progress(number, message=progress.message or progress.status)
        finally:
            step.cancel()


def call_of(ctx: Context) -> Call:
    """The request that the guard has checked."""
    assert ctx.request is not None, "over HTTP there is a request"
    call = ctx.request.scope[CALL]
    assert isinstance(call, Call)
    return call


def wants_progress(ctx: Context) -> bool:
    """Whether the client asked to hear of progress."""
    meta = (ctx.params or {}).get("_meta")
    return isinstance(meta, dict) and "progressToken" in meta


def can_be_asked(ctx: Context) -> bool:
    """Whether the client can put a question to its user and come back (2026-07-28 and elicitation)."""
    capabilities = ctx.session.client_capabilities
    return (
        ctx.protocol_version in MODERN_PROTOCOL_VERSIONS
        and capabilities is not None
        and capabilities.elicitation is not None
    )
