"""Which scope a message needs; one that was not granted can be asked for (step-up, RFC 6750 and MCP's authorization)."""

from collections.abc import Mapping
from typing import Any, Final

from deskbell_relay.http.route import Call
from deskbell_relay.ingress.mcp.toolbox import PREFIX, RUN
from deskbell_wire.actions import BY_ID, BY_TOOL, SCOPES
from deskbell_wire.errors import Problem

_READS_NOTES: Final = frozenset({"resources/list", "resources/read"})


def needed(method: str, parameters: Mapping[str, Any]) -> str | None:
    """The scope that the message needs; None when every grant will do."""
    if method in _READS_NOTES:
        return BY_ID["note.read"].scope
    if method != "tools/call":
        return None
    name = str(parameters.get("name"))
    action = RUN if name.startswith(PREFIX) else BY_TOOL.get(name)
    return action.scope if action is not None else None


def require(call: Call, method: str, parameters: Mapping[str, Any], metadata: str) -> None:
    """Raises Problem insufficient_scope, whose challenge names what the grant has and what it lacks.

    `metadata` is the address of the door's protected resource metadata (RFC 9728).
    """
    scope = needed(method, parameters)
    if scope is None or scope in call.who.scopes:
        return
    wanted = " ".join(each for each in SCOPES if each == scope or each in call.who.scopes)
    raise Problem(
        "insufficient_scope",
        f"This needs the scope {scope}, which was not granted.",
        headers={
            "WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{wanted}", resource_metadata="{metadata}"'
        },
        scope=scope,
    )
