"""Tasks (2025-11-25): a command is a task already, so a client that asks for one gets the command's id and comes back.

The SDK has the types of this experimental part of the protocol and no server for it, so a middleware takes
the calls that ask for a task, and the `tasks/*` methods are handlers of our own. Nothing is kept beside the command.
"""

from typing import Any, Final

import mcp_types as types
from mcp.server.context import CallNext, HandlerResult
from mcp.shared.exceptions import MCPError
from pydantic import ValidationError

from deskbell_relay.ingress.intake import Asked, Intake
from deskbell_relay.ingress.mcp.calls import Context, call_of
from deskbell_relay.ingress.mcp.toolbox import Toolbox
from deskbell_relay.ingress.mcp.tools import error_of, result_of, sentence_of
from deskbell_relay.results.archive import is_final
from deskbell_relay.results.commands import Commands
from deskbell_relay.settings import Settings
from deskbell_wire.errors import Problem
from deskbell_wire.result import Result

REVISION: Final = "2025-11-25"
RELATED: Final = "io.modelcontextprotocol/related-task"
PAGE: Final = 50

CAPABILITY: Final = types.ServerTasksCapability(
    list=types.TasksListCapability(),
    cancel=types.TasksCancelCapability(),
    requests=types.ServerTasksRequestsCapability(tools=types.TasksToolsCapability(call=types.TasksCallCapability())),
)

STATUSES: Final[dict[str, types.TaskStatus]] = {
    "done": "completed",
    "cancelled": "cancelled",
    "failed": "failed",
    "refused": "failed",
    "interrupted": "failed",
    "expired": "failed",
}
"""All others are `working`: `input_required` would mean that the client is asked, and the laptop asks."""


class Tasks:
    """Answers `tasks/*`, and tool calls that ask for a task. A grant sees its own commands alone."""

    def __init__(self, intake: Intake, toolbox: Toolbox, commands: Commands, settings: Settings) -> None:
        self._intake = intake
        self._toolbox = toolbox
        self._commands = commands
        self._settings = settings

    async def __call__(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        """The middleware: take the call if it asks for a task, else let it pass."""
        asks = ctx.method == "tools/call" and ctx.protocol_version == REVISION and (ctx.params or {}).get("task")
        return await self._begin(ctx) if isinstance(asks, dict) else await call_next(ctx)

    async def get(self, ctx: Context, params: types.GetTaskRequestParams) -> types.GetTaskResult:
        """`tasks/get`."""
        return types.GetTaskResult.model_validate(self._task(await self._own(ctx, params.task_id)).model_dump())

    async def result(self, ctx: Context, params: types.GetTaskPayloadRequestParams) -> dict[str, Any]:
        """`tasks/result`: what the tool would have answered, once it is there or the door's patience ends."""
        call = call_of(ctx)
        result = await self._own(ctx, params.task_id)
        if not is_final(result.status):
            result = await self._commands.wait(call.who.account_id, result.id, self._settings.wait_s)
        if not is_final(result.status):
            raise MCPError(types.INTERNAL_ERROR, f"The task is not finished. {sentence_of(result)}")
        answer = result_of(result)
        answer.meta = {**(answer.meta or {}), RELATED: {"taskId": result.id}}
        return answer.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"result_type"})

    async def list_all(self, ctx: Context, params: types.PaginatedRequestParams) -> types.ListTasksResult:
        """`tasks/list`, newest first."""
        self._serve(ctx)
        who = call_of(ctx).who
        page = await self._commands.page(who.account_id, None, params.cursor, PAGE, grant_id=who.grant_id)
        following = page[-1].id if len(page) == PAGE else None
        return types.ListTasksResult(tasks=[self._task(result) for result in page], next_cursor=following)

    async def cancel(self, ctx: Context, params: types.CancelTaskRequestParams) -> types.CancelTaskResult:
        """`tasks/cancel`. A command that runs is asked to stop; whether it does, its status says."""
        result = await self._own(ctx, params.task_id)
        try:
            result = await self._commands.cancel(call_of(ctx).who.account_id, result.id)
        except Problem as problem:
            raise MCPError(types.INVALID_PARAMS, problem.detail) from None
        return types.CancelTaskResult.model_validate(self._task(result).model_dump())

    async def _begin(self, ctx: Context) -> HandlerResult:
        """Accept the command and answer with its task; what is not accepted is a tool error, as without a task."""
        call = call_of(ctx)
        try:
            params = types.CallToolRequestParams.model_validate(ctx.params, by_name=False)
        except ValidationError as error:
            raise MCPError(types.INVALID_PARAMS, "The parameters of tools/call do not fit.") from error
        ask = await self._toolbox.ask(call.who, params.name, params.arguments or {})
        if ask is None or ask.action.performer == "relay":
            raise MCPError(types.METHOD_NOT_FOUND, f"{params.name[:100]!r} is no tool that can be called as a task.")
        try:
            answer = await self._intake.ask(call, ask.action, ask.arguments, Asked(wait_s=0))
        except Problem as problem:
            call.notes["tool_error"] = problem.code
            return error_of(problem).model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"result_type"})
        assert isinstance(answer, Result), "devices answer with a result"
        return types.CreateTaskResult(task=self._task(answer)).model_dump(mode="json", by_alias=True, exclude_none=True)

    async def _own(self, ctx: Context, task_id: str) -> Result:
        """The grant's command. Raises MCPError for another's, in the same words as for none."""
        self._serve(ctx)
        who = call_of(ctx).who
        try:
            return await self._commands.get(who.account_id, task_id, grant_id=who.grant_id)
        except Problem:
            raise MCPError(types.INVALID_PARAMS, f"There is no task {task_id[:60]!r}.") from None

    def _serve(self, ctx: Context) -> None:
        """Other revisions have no such methods."""
        if ctx.protocol_version != REVISION:
            raise MCPError(types.METHOD_NOT_FOUND, "Method not found", ctx.method)

    def _task(self, result: Result) -> types.Task:
        hops = result.hops
        created = hops.received or ""
        updated = hops.returned or hops.acted or hops.sent or hops.appended or created
        return types.Task(
            task_id=result.id,
            status=STATUSES.get(result.status, "working"),
            status_message=sentence_of(result) or None,
            created_at=created,
            last_updated_at=updated,
            ttl=self._settings.retention_s * 1000,
            poll_interval=None if result.check_after_s is None else result.check_after_s * 1000,
        )
