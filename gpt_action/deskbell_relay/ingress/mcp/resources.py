"""The user's notes as MCP resources: listed, read and found by the same commands as everything else."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

import mcp_types as types
from mcp.shared.exceptions import MCPError

from deskbell_relay.http.route import Call
from deskbell_relay.ingress.intake import Asked, Intake
from deskbell_relay.ingress.mcp.tools import sentence_of
from deskbell_wire.actions import BY_ID, in_tool_names
from deskbell_wire.errors import Problem
from deskbell_wire.notes import MAX_PAGE_CHARACTERS
from deskbell_wire.result import Result

SCHEME: Final = "note"
MIME_TYPE: Final = "text/markdown"
PAGE: Final = 100
MOST_CHARACTERS: Final = 1_000_000
"""Of one note; a longer one is read in parts with the tool read_note."""

RESOURCE_NOT_FOUND: Final = -32002
"""What 2025-11-25 says for a resource that is not there; 2026-07-28 says INVALID_PARAMS."""

TEMPLATE: Final = types.ResourceTemplate(
    uri_template=f"{SCHEME}:///{{+path}}",
    name="note",
    title="A note on the laptop",
    description="A Markdown note by its path inside the notes folder, as search_notes and list_notes give it.",
    mime_type=MIME_TYPE,
)


class Notes:
    """Answers `resources/*`."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def page(self, call: Call, cursor: str | None) -> types.ListResourcesResult:
        """Up to 100 notes, the latest change first."""
        arguments: dict[str, Any] = {"limit": PAGE} | ({"page": cursor} if cursor else {})
        output = await self._output(call, "note.list", arguments)
        listed = [
            types.Resource(
                uri=uri_of(note["path"]),
                name=note["path"],
                title=note["title"],
                mime_type=MIME_TYPE,
                annotations=types.Annotations(audience=["user", "assistant"], last_modified=note["updated_at"]),
            )
            for note in output["notes"]
        ]
        return types.ListResourcesResult(resources=listed, next_cursor=output.get("next_page"))

    async def read(self, call: Call, uri: str, not_found: int) -> types.ReadResourceResult:
        """The whole note. Raises MCPError `not_found` when there is none at that address."""
        path = path_of(uri)
        if path is None:
            raise MCPError(
                not_found, f"{uri[:200]!r} is not the address of a note; they look like note:///Ideas/Boat.md."
            )
        parts: list[str] = []
        offset: int | None = 0
        while offset is not None:
            arguments = {"path": path, "offset": offset, "limit": MAX_PAGE_CHARACTERS}
            output = await self._output(call, "note.read", arguments, not_found=not_found)
            if output["characters"] > MOST_CHARACTERS:
                raise MCPError(
                    types.INVALID_PARAMS,
                    f"The note has {output['characters']:,} characters; read it in parts with read_note.",
                )
            parts.append(output["text"])
            offset = output.get("next_offset")
        contents = types.TextResourceContents(uri=uri, mime_type=MIME_TYPE, text="".join(parts))
        return types.ReadResourceResult(contents=[contents])

    async def _output(
        self, call: Call, action: str, arguments: Mapping[str, Any], *, not_found: int = 0
    ) -> Mapping[str, Any]:
        """What the action gave. Raises MCPError with the sentence of why not: resources have no other place for it."""
        try:
            answer = await self._intake.ask(call, BY_ID[action], arguments, Asked(withdraw=True))
        except Problem as problem:
            code = types.INVALID_PARAMS if problem.status < 500 else types.INTERNAL_ERROR
            raise MCPError(
                code, in_tool_names(f"{problem.detail} {problem.next_step}"), problem.document(call.request_id)
            ) from None
        assert isinstance(answer, Result), "notes are kept by devices"
        if answer.status == "done" and answer.output is not None:
            return answer.output
        code = not_found if answer.error is not None and answer.error.code == "note_not_found" else types.INTERNAL_ERROR
        raise MCPError(code or types.INTERNAL_ERROR, sentence_of(answer), {"status": answer.status, "id": answer.id})


def uri_of(path: str) -> str:
    """The address of the note at `path`."""
    return f"{SCHEME}:///{quote(path, safe='/')}"


def path_of(uri: str) -> str | None:
    """The path in a note's address; None for any other address. The laptop checks that it stays in the folder."""
    try:
        parts = urlsplit(uri)
        path = unquote(parts.path, errors="strict")
    except ValueError:
        return None
    if parts.scheme != SCHEME or parts.netloc or parts.query or parts.fragment or not path.startswith("/"):
        return None
    return path[1:] or None
