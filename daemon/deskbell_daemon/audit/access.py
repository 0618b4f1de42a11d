"""Which requests to the relay let somebody in or cut somebody off, and what the audit log says of them."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from deskbell_wire.errors import Problem

_ANSWER: Final = re.compile(r"/v1/approvals/([A-Za-z0-9_-]+)/(approve|deny)")
_REVOKE: Final = re.compile(r"/v1/(grants|devices)/([A-Za-z0-9_-]+)")

Ask = Callable[[str, str], Awaitable[Any]]
"""Method and path to the relay's answer; raises Problem."""


async def access_facts(method: str, path: str, ask: Ask) -> tuple[str, dict[str, Any]] | None:
    """The event and its facts, with the name and the host where the relay knows them. None: nobody's access changes."""
    if method == "POST" and (found := _ANSWER.fullmatch(path)):
        facts = await _named(ask, "/v1/approvals", "approvals", found[1])
        answer = "approved" if found[2] == "approve" else "denied"
        return "access_answered", {**facts, "answer": answer}
    if method == "DELETE" and (found := _REVOKE.fullmatch(path)):
        facts = await _named(ask, f"/v1/{found[1]}", found[1], found[2])
        return "access_revoked", {**facts, "kind": "assistant" if found[1] == "grants" else "device"}
    return None


async def _named(ask: Ask, path: str, rows: str, id_: str) -> dict[str, Any]:
    try:
        listed: list[dict[str, Any]] = (await ask("GET", path))[rows]
    except Problem:  # the answer itself will fail, or be recorded without a name
        listed = []
    row: dict[str, Any] = next((row for row in listed if row.get("id") == id_), {})
    return {"id": id_, **{name: row[name] for name in ("kind", "name", "host", "scopes") if row.get(name)}}
