"""A command that waits for the person's yes, at a client that can put a question to its user (2026-07-28)."""

import asyncio
from typing import Any

import mcp_types as types
import pytest
from assistants import Assistant
from mcp_door import LEGACY, MODERN, at_rest, created, desk, plugged_in, sdk_client
from paired_relay import Laptop, PairedRelay

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture
def impatient(relay: PairedRelay) -> None:
    """The door waits half a second."""
    changed = relay.settings.model_copy(update={"wait_s": 0.5})
    relay.core.dispatch._settings = changed
    relay.core.intake._lookups._settings = changed


def asked(answer: str, then: Any = None) -> Any:
    """A client's user who answers each question so; and the questions."""
    questions: list[str] = []

    async def answered(_context: Any, params: Any) -> types.ElicitResult:
        questions.append(params.message)
        if then is not None:
            await then()
        return types.ElicitResult(action=answer, content={} if answer == "accept" else None)

    return answered, questions


async def test_the_user_is_sent_to_the_laptop_and_the_call_goes_on_with_its_answer(
    assistant: Assistant, laptop: Laptop
) -> None:
    async with desk(laptop, lambda _: None) as machine:

        async def says_yes() -> None:
            await machine.report(machine.commands[0]["id"], created(machine.commands[0]))

        answered, questions = asked("accept", says_yes)
        async with sdk_client(assistant, MODERN, elicitation_callback=answered) as client:
            call = asyncio.create_task(client.call_tool("create_note", {"title": "Ask me"}))
            await machine.until(lambda: bool(machine.commands))
            await machine.report(machine.commands[0]["id"], {"status": "awaiting_approval"}, "progress")
            result = await call
    assert result.structured_content["status"] == "done"
    assert len(machine.commands) == 1, "asked for once, not again with each round"
    assert questions == [
        "Your laptop or browser asks whether this may be done. Answer there first; then continue here, or cancel it."
    ]


@pytest.mark.parametrize("answer", ["decline", "cancel"])
async def test_a_user_who_takes_it_back_takes_back_the_question_on_the_laptop(
    assistant: Assistant, laptop: Laptop, answer: str
) -> None:
    answered, _ = asked(answer)
    async with desk(laptop, lambda _: None) as machine:
        async with sdk_client(assistant, MODERN, elicitation_callback=answered) as client:
            call = asyncio.create_task(client.call_tool("create_note", {"title": "Ask me"}))
            await machine.until(lambda: bool(machine.commands))
            command_id = machine.commands[0]["id"]
            await machine.report(command_id, {"status": "awaiting_approval"}, "progress")
            await machine.until(lambda: bool(machine.cancelled))
            await machine.report(command_id, {"status": "cancelled"})
            result = await call
    assert (result.is_error, result.structured_content["status"]) == (True, "cancelled")


@pytest.mark.parametrize("mode", [LEGACY, MODERN])
async def test_a_client_that_cannot_ask_gets_status_and_id(assistant: Assistant, laptop: Laptop, mode: str) -> None:
    async with desk(laptop, lambda _: None) as machine, sdk_client(assistant, mode) as client:
        call = asyncio.create_task(client.call_tool("create_note", {"title": "Ask me"}))
        await machine.until(lambda: bool(machine.commands))
        await machine.report(machine.commands[0]["id"], {"status": "awaiting_approval"}, "progress")
        result = await call
    assert (result.is_error, result.structured_content["status"]) == (False, "awaiting_approval")
    assert "has to approve this" in result.content[0].text
    assert "get_result" in result.content[0].text


async def test_a_made_up_state_finds_the_accounts_own_alone_and_ends_nothing_of_another_grant(
    assistant: Assistant, laptop: Laptop, relay: PairedRelay
) -> None:
    foreigner = await plugged_in(await relay.pair(name="Other"))
    sibling = await plugged_in(laptop)
    answered, _ = asked("accept")
    async with desk(laptop, lambda _: None) as machine:
        async with sdk_client(assistant, MODERN) as client:
            call = asyncio.create_task(client.call_tool("create_note", {"title": "Mine"}))
            await machine.until(lambda: bool(machine.commands))
            command_id = machine.commands[0]["id"]
            await machine.report(command_id, {"status": "awaiting_approval"}, "progress")
            await call
            decline = {"approval": types.ElicitResult(action="decline")}
            for other in (foreigner, sibling):
                async with sdk_client(other, MODERN, elicitation_callback=answered) as theirs:
                    result = await theirs.session.call_tool(
                        "create_note",
                        {"title": "x"},
                        input_responses=decline,
                        request_state=command_id,
                        allow_input_required=True,
                    )
                    if other is foreigner:
                        assert "command_not_found" in result.content[0].text
            await at_rest(relay, laptop, command_id, "awaiting_approval")
            for state in ("", "x", "cmd_x", "' or 1=1"):
                async with sdk_client(foreigner, MODERN) as theirs:
                    result = await theirs.session.call_tool("create_note", {"title": "x"}, request_state=state)
                    assert result.is_error
    assert machine.cancelled == []
