"""The SDK's server with our answers: one for all accounts, since every request carries its own principal."""

from typing import Any, Final

import mcp_types as types
from mcp.server.caching import CacheHint
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from deskbell_relay.ingress.mcp.calls import Context, ToolCalls, call_of
from deskbell_relay.ingress.mcp.changes import Changes
from deskbell_relay.ingress.mcp.instructions import INSTRUCTIONS
from deskbell_relay.ingress.mcp.prompts import PROMPTS, filled_in
from deskbell_relay.ingress.mcp.resources import RESOURCE_NOT_FOUND, TEMPLATE, Notes
from deskbell_relay.ingress.mcp.tasks import CAPABILITY, Tasks
from deskbell_relay.ingress.mcp.toolbox import Toolbox
from deskbell_relay.ingress.mcp.tools import INPUT_SCHEMAS
from deskbell_wire.errors import Problem
from deskbell_wire.version import RELEASE

FOR_EVER: Final = CacheHint(ttl_ms=3_600_000, scope="public")
AT_ONCE: Final = CacheHint(ttl_ms=0, scope="private")


class Answers:
    """One method for each method of the protocol."""

    def __init__(self, toolbox: Toolbox, calls: ToolCalls, notes: Notes, changes: Changes) -> None:
        self._toolbox = toolbox
        self._calls = calls
        self._notes = notes
        self._changes = changes

    async def list_tools(self, ctx: Context, _params: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        return types.ListToolsResult(tools=await self._toolbox.tools(call_of(ctx).who))

    async def call_tool(
        self, ctx: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        return await self._calls.call(ctx, params)

    async def list_resources(
        self, ctx: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        return await self._notes.page(call_of(ctx), params.cursor if params is not None else None)

    async def list_templates(
        self, _ctx: Context, _params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        return types.ListResourceTemplatesResult(resource_templates=[TEMPLATE])

    async def read_resource(self, ctx: Context, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        modern = ctx.protocol_version in MODERN_PROTOCOL_VERSIONS
        not_found = types.INVALID_PARAMS if modern else RESOURCE_NOT_FOUND
        return await self._notes.read(call_of(ctx), params.uri, not_found)

    async def list_prompts(
        self, _ctx: Context, _params: types.PaginatedRequestParams | None
    ) -> types.ListPromptsResult:
        return types.ListPromptsResult(prompts=[prompt.listed() for prompt in PROMPTS])

    async def get_prompt(self, _ctx: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
        return filled_in(params.name, params.arguments)

    async def listen(
        self, ctx: Context, params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        try:
            return await self._changes.listen(ctx, call_of(ctx), params)
        except Problem as problem:
            raise MCPError(types.INTERNAL_ERROR, f"{problem.detail} {problem.next_step}") from None


class McpServer(Server[Any]):
    """Says that its list of tools can change at both revisions: 2025-11-25 clients hear of it on their GET stream."""

    def get_capabilities(
        self, *args: Any, protocol_version: str | None = None, **options: Any
    ) -> types.ServerCapabilities:
        """What the SDK derives from the handlers, and what this door does beside the SDK."""
        capabilities = super().get_capabilities(*args, protocol_version=protocol_version, **options)
        if protocol_version not in MODERN_PROTOCOL_VERSIONS:
            capabilities.tasks = CAPABILITY
        if capabilities.tools is not None:
            capabilities.tools.list_changed = True
        if capabilities.prompts is not None:
            capabilities.prompts.list_changed = False
        if capabilities.resources is not None:
            capabilities.resources.list_changed = capabilities.resources.subscribe = False
        return capabilities


def mcp_server(answers: Answers, tasks: Tasks, website: str) -> McpServer:
    """The server that the session managers serve."""
    server = McpServer(
        "deskbell",
        version=RELEASE,
        title="Deskbell",
        description="Acts on the user's own laptop: notes today, with the user's consent.",
        instructions=INSTRUCTIONS,
        website_url=website,
        cache_hints={
            "tools/list": AT_ONCE,
            "prompts/list": FOR_EVER,
            "resources/templates/list": FOR_EVER,
            "resources/list": AT_ONCE,
            "resources/read": AT_ONCE,
            "server/discover": FOR_EVER,
        },
        get_tool_input_schema=INPUT_SCHEMAS.get,
        on_list_tools=answers.list_tools,
        on_call_tool=answers.call_tool,
        on_list_resources=answers.list_resources,
        on_list_resource_templates=answers.list_templates,
        on_read_resource=answers.read_resource,
        on_list_prompts=answers.list_prompts,
        on_get_prompt=answers.get_prompt,
        on_subscriptions_listen=answers.listen,
    )
    server.middleware[:] = [tasks]  # without the SDK's own, for OpenTelemetry, which this relay does not use
    server.add_request_handler("tasks/get", types.GetTaskRequestParams, tasks.get)
    server.add_request_handler("tasks/result", types.GetTaskPayloadRequestParams, tasks.result)
    server.add_request_handler("tasks/list", types.PaginatedRequestParams, tasks.list_all)
    server.add_request_handler("tasks/cancel", types.CancelTaskRequestParams, tasks.cancel)
    return server
