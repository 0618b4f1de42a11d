"""A device asks another device of its account for a note; for nothing else, of nobody else, and never of itself."""

import asyncio
from typing import Any

import pytest
from assistants import connect
from mcp_door import Desk, another_device, at_rest, created, desk
from paired_relay import Laptop, PairedRelay

NOTE = {"action": "note.create", "arguments": {"title": "Captured", "body": "# Sound\n"}}


@pytest.fixture
def relay_settings() -> dict[str, Any]:
    return {"offline_wait_s": 0.1, "commands_rate": "1000/minute", "ai_local": False}


@pytest.fixture
async def browser(laptop: Laptop) -> Laptop:
    return await another_device(laptop)


async def asked(browser: Laptop, body: Any, **headers: str) -> tuple[int, Any]:
    sent = browser.headers | {name.replace("_", "-"): value for name, value in headers.items()}
    async with browser.relay.session.post(f"{browser.relay.url}/v1/commands", json=body, headers=sent) as answer:
        return answer.status, await answer.json(content_type=None)


async def test_the_laptop_does_it_and_knows_which_device_asked(laptop: Laptop, browser: Laptop) -> None:
    async with desk(laptop) as machine:
        status, result = await asked(browser, NOTE)
    assert (status, result["status"], result["output"]["path"]) == (200, "done", "Captured.md")
    assert machine.commands[0]["arguments"] == NOTE["arguments"]
    assert machine.commands[0]["assistant"] == {
        "grant_id": browser.device_id,
        "name": "Second",
        "host": "your own device",
    }
    assert (await laptop.call("GET", f"/v1/commands/{result['id']}"))[1]["status"] == "done"


async def test_a_repetition_with_the_same_key_is_not_done_twice(laptop: Laptop, browser: Laptop) -> None:
    body = NOTE | {"idempotency_key": "capture-1"}
    async with desk(laptop) as machine:
        first, again = await asyncio.gather(asked(browser, body), asked(browser, NOTE, Idempotency_Key="capture-1"))
        later = await asked(browser, body)
        assert first[1]["id"] == again[1]["id"] == later[1]["id"]
        other = await asked(browser, {**body, "arguments": {"title": "Another"}})
    assert (other[0], other[1]["code"]) == (409, "idempotency_conflict")
    assert len(machine.commands) == 1


async def test_a_laptop_that_is_away_does_it_when_it_is_back(laptop: Laptop, browser: Laptop) -> None:
    await laptop.call("PATCH", f"/v1/devices/{laptop.device_id}", {"actions": ["note.create"]})
    status, result = await asked(browser, NOTE, Prefer="wait=0")
    assert (status, result["status"]) == (202, "queued")
    async with desk(laptop):
        await at_rest(laptop.relay, laptop, result["id"], "done")


async def test_a_device_is_never_asked_by_itself(laptop: Laptop, browser: Laptop) -> None:
    await browser.call("PATCH", f"/v1/devices/{browser.device_id}", {"actions": ["note.create", "note.trash"]})
    await laptop.call("PATCH", f"/v1/devices/{laptop.device_id}", {"actions": ["note.create"]})
    status, problem = await asked(browser, {"action": "note.trash", "arguments": {"path": "a.md"}})
    assert (status, problem["code"]) == (409, "no_capable_device")
    status, problem = await asked(browser, NOTE | {"device": browser.device_id})
    assert (status, problem["code"]) == (404, "device_not_found")


@pytest.mark.parametrize(
    "action",
    ["local.run", "clipboard.write", "desktop.notify", "tab.open", "page.capture", "local.list", "no.such", ""],
)
async def test_a_device_can_ask_for_notes_alone(laptop: Laptop, browser: Laptop, action: str) -> None:
    async with desk(laptop) as machine:
        status, problem = await asked(browser, {"action": action, "arguments": {"name": "x"}})
    assert (status, problem["code"]) == (422, "invalid_arguments")
    assert not machine.commands


@pytest.mark.parametrize(
    "body", [{}, {"action": "note.create"}, NOTE | {"arguments": {"title": "x", "path": "/etc"}}, NOTE | {"device": ""}]
)
async def test_what_does_not_fit_is_refused(browser: Laptop, body: Any) -> None:
    status, problem = await asked(browser, body)
    assert (status, problem["code"]) == (422, "invalid_arguments")


async def test_a_long_note_of_wide_characters_passes_and_a_megabyte_does_not(laptop: Laptop, browser: Laptop) -> None:
    async with desk(laptop) as machine:
        status, _ = await asked(browser, {**NOTE, "arguments": {"title": "Long", "body": "鐘" * 90_000}})
        assert status == 200
        assert len(machine.commands[0]["arguments"]["body"]) == 90_000
        status, problem = await asked(browser, {**NOTE, "arguments": {"title": "Long", "body": "a" * 1_000_001}})
    assert (status, problem["code"]) == (413, "body_too_large")


async def test_another_accounts_laptop_is_out_of_reach(relay: PairedRelay, laptop: Laptop, browser: Laptop) -> None:
    stranger = await relay.pair(name="Stranger")
    async with desk(stranger) as machine:
        status, problem = await asked(browser, NOTE | {"device": stranger.device_id})
        assert (status, problem["code"]) == (404, "device_not_found")
        await asked(browser, NOTE, Prefer="wait=0")
    assert not machine.commands
    assert laptop.account_id != stranger.account_id


async def test_what_a_revoked_device_has_left_in_the_queue_is_not_done(laptop: Laptop, browser: Laptop) -> None:
    await laptop.call("PATCH", f"/v1/devices/{laptop.device_id}", {"actions": ["note.create"]})
    _, left = await asked(browser, NOTE, Prefer="wait=0")
    _, own = await asked(await another_device(laptop), NOTE, Prefer="wait=0")
    assert (await laptop.call("DELETE", f"/v1/devices/{browser.device_id}"))[0] == 204
    await at_rest(laptop.relay, laptop, left["id"], "cancelled")
    machine: Desk
    async with desk(laptop, created) as machine:
        await at_rest(laptop.relay, laptop, own["id"], "done")
    assert [command["id"] for command in machine.commands] == [own["id"]]
    assert (await asked(browser, NOTE))[0] == 401


async def test_an_assistants_token_is_not_a_devices(laptop: Laptop, browser: Laptop) -> None:
    assistant = await connect(laptop)
    headers = {"Authorization": f"Bearer {assistant.access_token}"}
    async with laptop.relay.session.post(f"{laptop.relay.url}/v1/commands", json=NOTE, headers=headers) as answer:
        assert answer.status == 401
