"""Which tools an assistant has: the catalogue's, and the local actions that the account's devices declare."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import mcp_types as types
from sqlalchemy import Connection, select

from deskbell_relay.http.principal import Principal
from deskbell_relay.ingress.envelope import Envelope
from deskbell_relay.ingress.mcp.tools import TOOLS, hints_of, renamed
from deskbell_relay.ingress.schemas import flat_schema, output_schema
from deskbell_relay.store.engine import Store
from deskbell_relay.store.tables import devices
from deskbell_wire.actions import BY_ID, BY_TOOL, Action
from deskbell_wire.local import LocalAction, parameters_schema

RUN: Final = BY_ID["local.run"]
PREFIX: Final = "local_"
_ENVELOPE: Final[Mapping[str, Any]] = renamed(flat_schema(Envelope)["properties"])
_OUTPUT: Final[Mapping[str, Any]] = renamed(output_schema(RUN))


@dataclass(frozen=True, slots=True)
class Ask:
    """A tool call in the catalogue's terms."""

    action: Action
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Local:
    """A local action of the account, as the most preferred of its devices declares it."""

    declared: LocalAction
    device: str | None
    """The device's id, where another device means something else by the same name."""


class Toolbox:
    """Looks into the account's devices at each question: they are few, and what they can do may have changed."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def tools(self, who: Principal) -> list[types.Tool]:
        """All tools; the person's own only for an assistant that may run them, since their names tell something."""
        if RUN.scope not in who.scopes:
            return list(TOOLS)
        return [*TOOLS, *(local_tool(local.declared) for local in (await self._local(who)).values())]

    async def ask(self, who: Principal, name: str, arguments: Mapping[str, Any]) -> Ask | None:
        """What a call of the tool `name` asks for; None when there is no such tool."""
        action = BY_TOOL.get(name)
        if action is not None:
            return Ask(action, arguments)
        local = (await self._local(who)).get(name.removeprefix(PREFIX)) if name.startswith(PREFIX) else None
        if local is None:
            return None
        outside = {key: value for key, value in arguments.items() if key in _ENVELOPE}
        if local.device is not None:
            outside.setdefault("device", local.device)
        inside = {key: value for key, value in arguments.items() if key not in _ENVELOPE}
        return Ask(RUN, {"name": local.declared.name, "parameters": inside, **outside})

    async def _local(self, who: Principal) -> dict[str, Local]:
        return await self._store.read(lambda connection: declared(connection, who.account_id))


def declared(connection: Connection, account_id: str) -> dict[str, Local]:
    """The account's local actions by name, in the devices' order of preference."""
    query = select(devices.c.id, devices.c.local_actions).where(
        devices.c.account_id == account_id, devices.c.revoked_at.is_(None)
    )
    found: dict[str, Local] = {}
    first: dict[str, str] = {}
    for device_id, actions in connection.execute(query.order_by(devices.c.rank, devices.c.id)):
        for action in map(LocalAction.model_validate, actions):
            known = found.get(action.name)
            if known is None:
                found[action.name], first[action.name] = Local(action, None), device_id
            elif known.declared.parameters != action.parameters:
                found[action.name] = Local(known.declared, first[action.name])
    return found


def local_tool(action: LocalAction) -> types.Tool:
    """The local action as a tool of its own, with its parameters as typed arguments."""
    schema = parameters_schema(action)
    return types.Tool(
        name=f"{PREFIX}{action.name}",
        title=action.title,
        description=f"{action.description or action.title} (set up by the user on their laptop, which may ask them first)",
        input_schema=schema | {"properties": {**schema["properties"], **_ENVELOPE}},
        output_schema=dict(_OUTPUT),
        annotations=hints_of(RUN).model_copy(update={"title": action.title}),
        execution=types.ToolExecution(task_support="optional"),
        _meta={"securitySchemes": [{"type": "oauth2", "scopes": [RUN.scope]}]},
    )
