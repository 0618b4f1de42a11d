"""Notes as resources, and the prompts, at both revisions, with the official client."""

from typing import Any
from urllib.parse import quote

import pytest
from assistants import Assistant
from mcp.shared.exceptions import MCPError
from mcp_door import LEGACY, MODES, desk, sdk_client
from paired_relay import Laptop

from deskbell_relay.ingress.mcp.resources import path_of, uri_of

pytestmark = pytest.mark.parametrize("mode", MODES)

NAMES = [f"Ideas/Note {number} – ünï?#%.md" for number in range(150)]
TEXT = "A line that is long enough.\n" * 5_000  # 140,000 characters: three parts


def shelf(command: dict[str, Any]) -> dict[str, Any]:
    """A laptop with 150 notes, one of them long."""
    arguments = command["arguments"]
    updated = "2026-11-24T10:00:00.000000Z"
    if command["action"] == "note.list":
        start = int(arguments.get("page", "0"))
        names = NAMES[start : start + arguments["limit"]]
        notes = [{"path": n, "title": n[6:-3], "characters": 3, "updated_at": updated} for n in names]
        following = start + len(names)
        page = {"next_page": str(following)} if following < len(NAMES) else {}
        return {"status": "done", "output": {"notes": notes, "total": len(NAMES)} | page}
    path, start = arguments["path"], arguments["offset"]
    if path not in NAMES:
        error = {"code": "note_not_found", "message": f"There is no note {path!r}.", "next_step": "Use searchNotes."}
        return {"status": "failed", "error": error}
    end = start + arguments["limit"]
    output = {"path": path, "title": "x", "version": "0" * 16, "text": TEXT[start:end], "characters": len(TEXT)}
    output |= {"updated_at": updated} | ({"next_offset": end} if end < len(TEXT) else {})
    return {"status": "done", "output": output}


async def test_all_notes_are_listed_page_by_page_and_read_whole(
    assistant: Assistant, laptop: Laptop, mode: str
) -> None:
    async with desk(laptop, shelf), sdk_client(assistant, mode) as client:
        first = await client.list_resources()
        second = await client.list_resources(cursor=first.next_cursor)
        listed = [*first.resources, *second.resources]
        assert [resource.name for resource in listed] == NAMES
        assert (second.next_cursor, listed[0].mime_type) == (None, "text/markdown")
        read = await client.read_resource(listed[7].uri)
    assert read.contents[0].text == TEXT
    assert read.contents[0].uri == listed[7].uri


async def test_a_note_is_found_by_the_template(assistant: Assistant, laptop: Laptop, mode: str) -> None:
    async with desk(laptop, shelf), sdk_client(assistant, mode) as client:
        template = (await client.list_resource_templates()).resource_templates[0]
        address = template.uri_template.replace("{+path}", quote(NAMES[3]))
        assert (await client.read_resource(address)).contents[0].text == TEXT


async def test_what_is_no_note_is_not_found_in_each_revisions_words(
    assistant: Assistant, laptop: Laptop, mode: str
) -> None:
    async with desk(laptop, shelf), sdk_client(assistant, mode) as client:
        for address in ("note:///None.md", "file:///etc/passwd", "note://host/x.md", "note:///", "note:///a?b", "x"):
            with pytest.raises(MCPError) as caught:
                await client.read_resource(address)
            assert caught.value.code == (-32002 if mode == LEGACY else -32602), address
        with pytest.raises(MCPError, match=r"There is no note 'None\.md'. Use search_notes"):
            await client.read_resource("note:///None.md")


async def test_a_laptop_that_is_away_is_said_to_be(assistant: Assistant, laptop: Laptop, mode: str) -> None:
    async with desk(laptop, shelf):
        pass
    async with sdk_client(assistant, mode) as client:
        with pytest.raises(MCPError, match="device is not reachable"):
            await client.list_resources()


async def test_an_address_leads_back_to_its_path(mode: str) -> None:
    for path in (*NAMES[:2], "a b/ü.md", "100%.md", "..%2f", "back\\slash.md", "q?#.md"):
        assert path_of(uri_of(path)) == path


async def test_the_prompts_are_filled_in(assistant: Assistant, mode: str) -> None:
    async with sdk_client(assistant, mode) as client:
        prompts = {prompt.name: prompt for prompt in (await client.list_prompts()).prompts}
        assert {"save_conversation", "find_notes"} <= prompts.keys()
        find = await client.get_prompt("find_notes", {"topic": "boats"})
        assert "“boats”" in find.messages[0].content.text
        plain = await client.get_prompt("save_conversation")
        assert "titled" not in plain.messages[0].content.text
        named = await client.get_prompt("save_conversation", {"title": "Boats", "folder": "Ideas"})
        assert "titled “Boats”, in the folder “Ideas”" in named.messages[0].content.text


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("find_notes", {}, "missing: topic"),
        ("find_notes", {"topic": " "}, "missing: topic"),
        ("find_notes", {"topic": "x", "colour": "red"}, "takes topic"),
        ("find_notes", {"topic": "x" * 20_001}, "longer than 20,000"),
        ("dance", {}, "There is no prompt 'dance'"),
    ],
)
async def test_a_prompt_that_cannot_be_filled_in_says_why(
    assistant: Assistant, mode: str, name: str, arguments: dict[str, str], words: str
) -> None:
    async with sdk_client(assistant, mode) as client:
        with pytest.raises(MCPError, match=words):
            await client.get_prompt(name, arguments)
