"""`tools/*` at both revisions, with the official client."""

import asyncio
import contextlib
from typing import Any

import pytest
from assistants import Assistant
from mcp.shared.exceptions import MCPError
from mcp_door import LEGACY, MODES, created, desk, sdk_client
from paired_relay import Laptop, PairedRelay

from deskbell_wire.actions import CATALOGUE

pytestmark = pytest.mark.parametrize("mode", MODES)


async def test_the_client_finds_every_tool_and_what_the_server_says_of_itself(assistant: Assistant, mode: str) -> None:
    async with sdk_client(assistant, mode) as client:
        assert client.protocol_version == ("2025-11-25" if mode == LEGACY else "2026-07-28")
        assert client.server_info is not None
        assert client.server_info.name == "deskbell"
        for tool in ("search_notes", "draft_note", "capture_page", "run_local_action"):
            assert tool in (client.instructions or "")
        tools = (await client.list_tools()).tools
    assert [tool.name for tool in tools] == [action.tool_name for action in CATALOGUE]
    assert all(tool.output_schema and tool.annotations for tool in tools)


async def test_a_call_is_done_on_the_laptop_and_its_answer_fits_the_schema(
    assistant: Assistant, laptop: Laptop, mode: str
) -> None:
    async with desk(laptop) as machine, sdk_client(assistant, mode) as client:
        result = await client.call_tool("create_note", {"title": "Boat", "body": "Sails."})
    assert not result.is_error
    structured: Any = result.structured_content
    assert (structured["status"], structured["output"]["path"]) == ("done", "Boat.md")
    assert structured["id"] in result.content[0].text, "a client that reads only text can undo as well"
    assert "hops" not in result.content[0].text
    assert machine.commands[0]["assistant"]["host"] == "chatgpt.com"


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (
            {"status": "failed", "error": {"code": "name_taken", "message": "There.", "next_step": "Use appendNote."}},
            "There. Use append_note.",
        ),
        ({"status": "refused", "error": {"code": "refused", "message": "The person said no."}}, "refused this"),
        ({"status": "interrupted"}, "whether it took effect is not known"),
    ],
)
async def test_what_was_not_done_is_a_tool_error_that_says_what_to_do(
    assistant: Assistant, laptop: Laptop, mode: str, report: dict[str, Any], words: str
) -> None:
    async with desk(laptop, lambda _: report), sdk_client(assistant, mode) as client:
        result = await client.call_tool("create_note", {"title": "Boat"})
    assert result.is_error
    assert words in result.content[0].text
    assert result.structured_content["status"] == report["status"]


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("create_note", {"titel": "x"}, "title: Field required"),
        ("create_note", {"title": "x" * 10_000}, "title: String should have at most 300 characters"),
        ("create_note", {"title": "x", "device": "fridge"}, "No device is called 'fridge'"),
        ("get_result", {"command_id": "cmd_01932c07-0000-7000-8000-00000000dead"}, "command_not_found"),
    ],
)
async def test_what_is_not_accepted_is_a_tool_error_and_changes_nothing(
    assistant: Assistant, laptop: Laptop, mode: str, name: str, arguments: dict[str, Any], words: str
) -> None:
    async with sdk_client(assistant, mode) as client:
        result = await client.call_tool(name, arguments)
    assert result.is_error
    assert words in result.content[0].text
    assert (await laptop.call("GET", "/v1/commands"))[1]["commands"] == []


async def test_an_unknown_tool_is_a_protocol_error_that_names_the_tools(assistant: Assistant, mode: str) -> None:
    async with sdk_client(assistant, mode) as client:
        with pytest.raises(MCPError, match=r"no tool 'format_disk'; there are: create_note"):
            await client.call_tool("format_disk", {})


async def test_a_queued_command_is_fetched_later(assistant: Assistant, laptop: Laptop, mode: str) -> None:
    async with sdk_client(assistant, mode) as client:
        await laptop.call("PATCH", f"/v1/devices/{laptop.device_id}", {"actions": ["note.create"]})
        queued = await client.call_tool("create_note", {"title": "Later"})
        assert not queued.is_error, "it is not finished, and nothing is wrong"
        command_id = queued.structured_content["id"]
        assert f"Call get_result with command_id {command_id}" in queued.content[0].text
        async with desk(laptop):
            result = await client.call_tool("get_result", {"command_id": command_id})
            while result.structured_content["status"] != "done":
                result = await client.call_tool("get_result", {"command_id": command_id})
    assert result.structured_content["output"]["path"] == "Later.md"


async def test_the_devices_progress_is_told_where_the_client_asked(
    assistant: Assistant, laptop: Laptop, mode: str
) -> None:
    told: list[tuple[float, str | None]] = []

    async def hear(progress: float, _total: float | None, message: str | None) -> None:
        told.append((progress, message))

    async with desk(laptop, lambda _: None) as machine, sdk_client(assistant, mode) as client:
        call = asyncio.create_task(client.call_tool("create_note", {"title": "Slow"}, progress_callback=hear))
        await machine.until(lambda: bool(machine.commands))
        command = machine.commands[0]
        for message in ("Asking", "Writing"):
            await machine.report(command["id"], {"status": "running", "message": message}, "progress")
        async with asyncio.timeout(10):
            while len(told) < 2:
                await asyncio.sleep(0.01)
        await machine.report(command["id"], created(command))
        assert not (await call).is_error
    assert told == [(1, "Asking"), (2, "Writing")]


async def test_a_call_taken_back_stops_waiting_and_ends_the_command_that_has_not_begun(
    assistant: Assistant, laptop: Laptop, relay: PairedRelay, mode: str
) -> None:
    async with desk(laptop, lambda _: None) as machine, sdk_client(assistant, mode) as client:
        call = asyncio.create_task(client.call_tool("create_note", {"title": "Never mind"}))
        await machine.until(lambda: bool(machine.commands))
        call.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await call
        await machine.until(lambda: bool(machine.cancelled))
        assert machine.cancelled == [machine.commands[0]["id"]]
        async with asyncio.timeout(10):
            while relay.core.waiting.is_awaited(machine.commands[0]["id"]):
                await asyncio.sleep(0.01)
