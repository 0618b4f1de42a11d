"""What a revoked assistant has left in the queue is not done any more; what has begun is finished."""

from typing import Any

import pytest
from assistants import connect
from mcp_door import at_rest, desk
from paired_relay import Laptop, PairedRelay


@pytest.fixture
def relay_settings() -> dict[str, Any]:
    return {"offline_wait_s": 0.1, "commands_rate": "1000/minute"}


async def created(relay: PairedRelay, token: str, title: str) -> str:
    headers = {"Authorization": f"Bearer {token}", "Prefer": "wait=0"}
    async with relay.session.post(f"{relay.url}/actions/createNote", json={"title": title}, headers=headers) as answer:
        assert answer.status == 202
        command_id: str = (await answer.json())["id"]
        return command_id


async def revoke(laptop: Laptop) -> None:
    """The oldest grant."""
    _, grants = await laptop.call("GET", "/v1/grants")
    oldest = min(grants["grants"], key=lambda grant: grant["id"])
    assert (await laptop.call("DELETE", f"/v1/grants/{oldest['id']}"))[0] == 204


async def test_queued_commands_end_with_their_grant_and_those_of_another_do_not(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    hostile, friendly = await connect(laptop), await connect(laptop)
    left = [await created(relay, hostile.access_token, f"Left {number}") for number in range(3)]
    kept = await created(relay, friendly.access_token, "Kept")
    await revoke(laptop)
    for command_id in left:
        await at_rest(relay, laptop, command_id, "cancelled")
    async with desk(laptop) as machine:
        await at_rest(relay, laptop, kept, "done")
    assert [command["id"] for command in machine.commands] == [kept], "the others are not even sent"


async def test_a_question_of_a_revoked_grant_goes_and_what_runs_is_finished(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    assistant = await connect(laptop)
    async with desk(laptop, lambda _: None) as machine:
        asks, runs = [await created(relay, assistant.access_token, title) for title in ("Asks", "Runs")]
        await machine.until(lambda: len(machine.commands) == 2)
        await machine.report(asks, {"status": "awaiting_approval"}, "progress")
        await machine.report(runs, {"status": "running"}, "progress")
        await revoke(laptop)
        await machine.until(lambda: machine.cancelled == [asks])
        await at_rest(relay, laptop, asks, "cancelled")
        await machine.report(runs, {"status": "done", "output": {}})
        await at_rest(relay, laptop, runs, "done")


async def test_what_a_crash_between_revoking_and_cancelling_has_missed_is_swept_up(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    assistant = await connect(laptop)
    command_id = await created(relay, assistant.access_token, "Left")
    original, relay.core.commands.end_revoked = relay.core.commands.end_revoked, _nothing  # it died right then
    await revoke(laptop)
    assert (await laptop.call("GET", f"/v1/commands/{command_id}"))[1]["status"] == "queued"
    relay.core.commands.end_revoked = original
    await relay.core.sweeper.sweep()
    await at_rest(relay, laptop, command_id, "cancelled")


async def _nothing() -> int:
    return 0
