"""Tasks (2025-11-25), by hand: the SDK's client does not know them."""

import asyncio
from typing import Any

import pytest
from assistants import Assistant
from mcp_door import LEGACY, created, desk, plugged_in, posted, request, sdk_client
from paired_relay import Laptop

HEADER = {"MCP_Protocol_Version": "2025-11-25"}


async def asked(assistant: Assistant, method: str, params: dict[str, Any]) -> dict[str, Any]:
    status, document, _ = await posted(assistant, request(method, params), **HEADER)
    assert status == 200, document
    return dict(document)


async def begun(assistant: Assistant, title: str = "Slow") -> dict[str, Any]:
    params = {"name": "create_note", "arguments": {"title": title}, "task": {"ttl": 60_000}}
    task: dict[str, Any] = (await asked(assistant, "tools/call", params))["result"]["task"]
    return task


async def test_the_server_says_that_tools_may_be_tasks(assistant: Assistant) -> None:
    async with sdk_client(assistant, LEGACY) as client:
        assert client.server_capabilities.tasks is not None
        support = {
            tool.name: tool.execution.task_support for tool in (await client.list_tools()).tools if tool.execution
        }
    assert (support["create_note"], support["get_result"]) == ("optional", "forbidden")


async def test_a_task_is_begun_at_once_looked_at_and_its_result_fetched(assistant: Assistant, laptop: Laptop) -> None:
    async with desk(laptop, lambda _: None) as machine:
        task = await begun(assistant)
        assert (task["status"], task["pollInterval"] > 0, task["ttl"] > 0) == ("working", True, True)
        await machine.until(lambda: bool(machine.commands))
        command = machine.commands[0]
        assert task["taskId"] == command["id"]
        await machine.report(command["id"], {"status": "awaiting_approval"}, "progress")
        looked = (await asked(assistant, "tasks/get", {"taskId": command["id"]}))["result"]
        assert (looked["status"], "has to approve" in looked["statusMessage"]) == ("working", True)
        fetched = asyncio.create_task(asked(assistant, "tasks/result", {"taskId": command["id"]}))
        await machine.report(command["id"], created(command))
        result = (await fetched)["result"]
        assert result["structuredContent"]["output"]["path"] == "Slow.md"
        assert result["_meta"]["io.modelcontextprotocol/related-task"] == {"taskId": command["id"]}
        assert (await asked(assistant, "tasks/get", {"taskId": command["id"]}))["result"]["status"] == "completed"


async def test_a_task_is_cancelled_once(assistant: Assistant, laptop: Laptop) -> None:
    async with desk(laptop):
        pass
    task = await begun(assistant)
    cancelled = await asked(assistant, "tasks/cancel", {"taskId": task["taskId"]})
    assert cancelled["result"]["status"] == "cancelled"
    again = await asked(assistant, "tasks/cancel", {"taskId": task["taskId"]})
    assert again["error"]["code"] == -32602


async def test_tasks_are_listed_page_by_page(assistant: Assistant, laptop: Laptop) -> None:
    laptop.relay.core.dispatch._settings = laptop.relay.settings.model_copy(update={"commands_rate": "1000/minute"})
    async with desk(laptop):
        tasks = [(await begun(assistant, f"Note {number}"))["taskId"] for number in range(52)]
        first = (await asked(assistant, "tasks/list", {}))["result"]
        second = (await asked(assistant, "tasks/list", {"cursor": first["nextCursor"]}))["result"]
    listed = [task["taskId"] for page in (first, second) for task in page["tasks"]]
    assert listed == tasks[::-1]
    assert "nextCursor" not in second


@pytest.mark.parametrize("method", ["tasks/get", "tasks/result", "tasks/cancel"])
async def test_a_task_of_another_grant_looks_like_none(assistant: Assistant, laptop: Laptop, method: str) -> None:
    async with desk(laptop, lambda _: None) as machine:
        task = await begun(assistant)
        for stranger in (await plugged_in(laptop), await plugged_in(await laptop.relay.pair(name="Other"))):
            for task_id in (task["taskId"], "cmd_01932c07-0000-7000-8000-00000000dead", "x", ""):
                document = await asked(stranger, method, {"taskId": task_id})
                assert document["error"]["code"] == -32602
                assert "There is no task" in document["error"]["message"]
            assert (await asked(stranger, "tasks/list", {}))["result"]["tasks"] == []
        assert machine.cancelled == []


async def test_what_is_not_accepted_as_a_task_says_why(assistant: Assistant, laptop: Laptop) -> None:
    wrong = {"name": "create_note", "arguments": {"titel": "x"}, "task": {}}
    result = (await asked(assistant, "tools/call", wrong))["result"]
    assert result["isError"], "the model hears it as a tool error"
    assert "title: Field required" in result["content"][0]["text"]
    for name in ("get_result", "format_disk"):
        document = await asked(assistant, "tools/call", {"name": name, "arguments": {}, "task": {}})
        assert document["error"]["code"] == -32601


async def test_other_revisions_have_no_tasks(assistant: Assistant, laptop: Laptop) -> None:
    _, document, _ = await posted(assistant, request("tasks/list"), MCP_Protocol_Version="2025-06-18")
    assert document["error"]["code"] == -32601
