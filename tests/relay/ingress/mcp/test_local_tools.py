"""The account's own local actions as typed tools: declared by devices, listed, called, gone."""

import asyncio
from typing import Any

import pytest
from assistants import Assistant
from mcp_door import LEGACY, MODERN, MODES, another_device, desk, plugged_in, posted, request, sdk_client
from paired_relay import Laptop

BACKUP = {
    "name": "backup",
    "title": "Back up a folder",
    "description": "Copies a folder to the disk in the cellar.",
    "parameters": [
        {"name": "folder", "kind": "path", "description": "Which folder"},
        {"name": "level", "kind": "choice", "choices": ["quick", "full"], "required": False},
        {"name": "copies", "kind": "number", "minimum": 1, "maximum": 3, "required": False},
    ],
}
OUTPUT = {"exit_code": 0, "output": "12 files\n", "error_output": "", "truncated": False, "seconds": 0.5}


def ran(_command: dict[str, Any]) -> dict[str, Any]:
    return {"status": "done", "output": OUTPUT}


async def declare(laptop: Laptop, *actions: dict[str, Any]) -> None:
    status, document = await laptop.call("PATCH", f"/v1/devices/{laptop.device_id}", {"local_actions": list(actions)})
    assert status == 200, document


@pytest.mark.parametrize("mode", MODES)
async def test_a_declared_action_is_a_typed_tool_that_runs_on_its_device(
    assistant: Assistant, laptop: Laptop, mode: str
) -> None:
    async with desk(laptop, ran) as machine, sdk_client(assistant, mode) as client:
        await declare(laptop, BACKUP)
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        tool = tools["local_backup"]
        assert (tool.title, tool.annotations.destructive_hint) == ("Back up a folder", True)
        properties = tool.input_schema["properties"]
        assert (properties["level"]["enum"], properties["copies"]["maximum"]) == (["quick", "full"], 3)
        assert tool.input_schema["required"] == ["folder"]
        assert {"device", "idempotency_key"} <= properties.keys()
        result = await client.call_tool("local_backup", {"folder": "/home/ada/boat", "copies": 2})
    assert result.structured_content["output"] == OUTPUT
    command = machine.commands[0]
    assert command["action"] == "local.run"
    assert command["arguments"] == {"name": "backup", "parameters": {"folder": "/home/ada/boat", "copies": 2}}


@pytest.mark.parametrize("mode", [LEGACY, MODERN])
async def test_clients_are_told_when_the_list_changes_and_it_follows_the_device(
    assistant: Assistant, laptop: Laptop, mode: str
) -> None:
    told = asyncio.Event()

    async def hear(message: Any) -> None:
        if "ToolListChanged" in type(message).__name__ or "tools/list_changed" in str(message):
            told.set()

    async with desk(laptop, ran), sdk_client(assistant, mode, message_handler=hear) as client:
        if mode == LEGACY:
            await declare(laptop, BACKUP)
            async with asyncio.timeout(10):
                while not told.is_set():  # its stream may have opened after the first change
                    await declare(laptop, BACKUP)
                    await asyncio.sleep(0.05)
        else:
            async with client.listen(tools_list_changed=True) as changes:
                await declare(laptop, BACKUP)
                async with asyncio.timeout(10):
                    await anext(aiter(changes))
        assert "local_backup" in {tool.name for tool in (await client.list_tools()).tools}
        await declare(laptop)
        assert "local_backup" not in {tool.name for tool in (await client.list_tools()).tools}
        _, document, _ = await posted(assistant, request("tools/call", {"name": "local_backup", "arguments": {}}))
        assert "There is no tool 'local_backup'" in document["error"]["message"]


async def test_an_assistant_that_may_not_run_them_does_not_see_them_and_is_told_what_it_needs(laptop: Laptop) -> None:
    reader = await plugged_in(laptop, scope="notes:read")
    await declare(laptop, BACKUP)
    _, document, _ = await posted(reader, request("tools/list"))
    names = {tool["name"] for tool in document["result"]["tools"]}
    assert "local_backup" not in names
    assert "run_local_action" in names
    for name in ("local_backup", "run_local_action", "list_local_actions"):
        status, problem, _ = await posted(reader, request("tools/call", {"name": name, "arguments": {}}))
        assert (status, problem["scope"]) == (403, "local:run"), name


async def test_another_account_neither_sees_nor_calls_them(laptop: Laptop) -> None:
    await declare(laptop, BACKUP)
    stranger = await plugged_in(await laptop.relay.pair(name="Other"))
    _, document, _ = await posted(stranger, request("tools/list"))
    assert "local_backup" not in {tool["name"] for tool in document["result"]["tools"]}
    _, document, _ = await posted(stranger, request("tools/call", {"name": "local_backup", "arguments": {}}))
    assert "There is no tool" in document["error"]["message"]


async def test_two_devices_that_mean_different_things_by_a_name_are_kept_apart(
    assistant: Assistant, laptop: Laptop
) -> None:
    async with desk(laptop, ran) as first:
        await declare(laptop, BACKUP)
        second = await another_device(laptop)
        await declare(second, BACKUP | {"parameters": []})
        message = request("tools/call", {"name": "local_backup", "arguments": {"folder": "/x"}})
        _, document, _ = await posted(assistant, message)
        assert document["result"]["structuredContent"]["status"] == "done"
        assert first.commands[0]["device_id"] == laptop.device_id
