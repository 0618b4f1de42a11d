"""What becomes of a command whose caller takes it back or goes: ended if it has not begun, left alone if it has."""

import asyncio
from typing import Any

from assistants import Assistant
from mcp_door import Desk, at_rest, created, desk, plugged_in, posted, request
from paired_relay import Laptop, PairedRelay


def calling(title: str, number: int = 1) -> dict[str, Any]:
    return request("tools/call", {"name": "create_note", "arguments": {"title": title}}, number)


async def under_way(machine: Desk, assistant: Assistant, title: str, **headers: str) -> tuple[asyncio.Task[Any], str]:
    """A call that waits, and the id of its command."""
    task = asyncio.create_task(posted(assistant, calling(title), **headers))
    await machine.until(lambda: any(command["arguments"]["title"] == title for command in machine.commands))
    return task, next(command["id"] for command in machine.commands if command["arguments"]["title"] == title)


async def no_longer_awaited(relay: PairedRelay, command_id: str) -> None:
    async with asyncio.timeout(10):
        while relay.core.waiting.is_awaited(command_id):
            await asyncio.sleep(0.01)


async def test_a_client_that_goes_ends_what_has_not_begun_and_leaves_what_has(
    assistant: Assistant, laptop: Laptop, relay: PairedRelay
) -> None:
    async with desk(laptop, lambda _: None) as machine:
        begun, running = await under_way(machine, assistant, "Begun")
        await machine.report(running, {"status": "running"}, "progress")
        idle, waiting = await under_way(machine, assistant, "Not begun")
        begun.cancel(), idle.cancel()
        await no_longer_awaited(relay, running)
        await no_longer_awaited(relay, waiting)
        await machine.until(lambda: bool(machine.cancelled))
        assert machine.cancelled == [waiting]
        await machine.report(running, created(machine.commands[0]))
        await at_rest(relay, laptop, running, "done")


async def test_a_queued_command_of_a_client_that_goes_is_cancelled_at_once(
    assistant: Assistant, laptop: Laptop, relay: PairedRelay
) -> None:
    relay.core.dispatch._settings = relay.settings.model_copy(update={"offline_wait_s": 30.0})
    call = asyncio.create_task(posted(assistant, calling("Away")))
    async with asyncio.timeout(10):
        while not (commands := (await laptop.call("GET", "/v1/commands"))[1]["commands"]):
            await asyncio.sleep(0.01)
    call.cancel()
    await at_rest(relay, laptop, commands[0]["id"], "cancelled")


async def test_a_cancelled_notification_ends_the_call_of_its_own_session_alone(
    assistant: Assistant, laptop: Laptop
) -> None:
    notice = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    async with desk(laptop, lambda _: None) as machine:
        mine, my_command = await under_way(machine, assistant, "Mine", Mcp_Session_Id="a")
        other, other_command = await under_way(machine, assistant, "Other", Mcp_Session_Id="b")
        assert (await posted(assistant, notice, Mcp_Session_Id="a"))[0] == 202
        status, document, _ = await mine
        assert (status, document["error"]["code"]) == (200, -32800)
        await machine.until(lambda: bool(machine.cancelled))
        assert machine.cancelled == [my_command]
        await machine.report(other_command, created(machine.commands[1]))
        assert (await other)[1]["result"]["structuredContent"]["status"] == "done"


async def test_nobody_takes_back_the_call_of_another_grant_or_one_of_two_with_the_same_name(
    assistant: Assistant, laptop: Laptop
) -> None:
    stranger = await plugged_in(laptop)
    notice = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    async with desk(laptop, lambda _: None) as machine:
        one, first = await under_way(machine, assistant, "One")
        await posted(stranger, notice)
        two, second = await under_way(machine, assistant, "Two")
        await posted(assistant, notice)  # which of the two?
        for command_id in (first, second):
            await machine.report(command_id, {"status": "done", "output": {}})
        for call in (one, two):
            assert (await call)[1]["result"]["structuredContent"]["status"] == "done"
        assert machine.cancelled == []


async def test_a_command_that_two_calls_wait_for_is_not_ended_by_one_that_goes(
    assistant: Assistant, laptop: Laptop
) -> None:
    async with desk(laptop, lambda _: None) as machine:
        first, command_id = await under_way(machine, assistant, "Shared")
        second = asyncio.create_task(posted(assistant, calling("Shared", number=2)))
        while len(laptop.relay.core.waiting._futures[command_id]) < 2:
            await asyncio.sleep(0.01)
        first.cancel()
        while len(laptop.relay.core.waiting._futures[command_id]) > 1:
            await asyncio.sleep(0.01)
        await machine.report(command_id, created(machine.commands[0]))
        assert (await second)[1]["result"]["structuredContent"]["id"] == command_id
        assert machine.cancelled == []
