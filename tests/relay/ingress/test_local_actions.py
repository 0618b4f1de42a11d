"""The person's own actions at the relay: declared by their device alone, listed, and sent to a device that has them."""

import asyncio
from typing import Any

import pytest
from assistants import Assistant, connect
from paired_relay import Laptop, PairedRelay

from deskbell_relay.channel.bus import Hint, RosterChanged
from deskbell_wire.actions import DEVICE_ACTIONS

BACKUP = {
    "name": "backup",
    "title": "Back up",
    "description": "Copies a folder.",
    "parameters": [{"name": "folder", "kind": "path", "description": "Which.", "max_length": 200}],
}
PLAY = {"name": "play", "title": "Play music", "description": "", "parameters": []}


@pytest.fixture
def changed(relay: PairedRelay) -> list[str]:
    """The accounts whose change of devices was told."""
    heard: list[str] = []

    def hear(hint: Hint) -> None:
        if isinstance(hint, RosterChanged):
            heard.append(hint.account_id)

    relay.core.bus.subscribe(hear)
    return heard


async def second(first: Laptop) -> Laptop:
    """Another device of the same account."""
    relay = first.relay
    code = await relay.device_code()
    request_id = (await first.call("POST", "/v1/approvals/claim", {"user_code": code["user_code"]}))[1]["id"]
    await first.call("POST", f"/v1/approvals/{request_id}/approve")
    return relay.laptop((await relay.poll(code["device_code"]))[1])


async def declare(laptop: Laptop, *actions: dict[str, Any], on: Laptop | None = None) -> tuple[int, Any]:
    body = {"actions": sorted(DEVICE_ACTIONS), "local_actions": list(actions)}
    return await laptop.call("PATCH", f"/v1/devices/{(on or laptop).device_id}", body)


async def ask(assistant: Assistant, operation: str, body: dict[str, Any]) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {assistant.access_token}", "Prefer": "wait=0"}
    url = f"{assistant.relay.url}/actions/{operation}"
    async with assistant.relay.session.post(url, json=body, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_what_a_device_declares_is_listed_with_its_name(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    assistant = await connect(laptop)
    assert await ask(assistant, "listLocalActions", {}) == (200, {"actions": []})
    assert (await declare(laptop, BACKUP, PLAY))[0] == 200
    status, listed = await ask(assistant, "listLocalActions", {})
    assert status == 200
    assert [(entry["name"], entry["device"], entry["online"]) for entry in listed["actions"]] == [
        ("backup", "Laptop", False),
        ("play", "Laptop", False),
    ]
    assert listed["actions"][0]["parameters"] == [
        {**BACKUP["parameters"][0], "required": True, "choices": []}  # type: ignore[index]
    ]
    assert (await declare(laptop))[0] == 200
    assert await ask(assistant, "listLocalActions", {}) == (200, {"actions": []})


async def test_what_stays_on_the_laptop_is_dropped_should_a_device_send_it(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    assistant = await connect(laptop)
    await declare(laptop, {**PLAY, "argv": ["playerctl", "canary-argv"], "consent": "allow", "folder": "/home/canary"})
    assert "canary" not in str(await ask(assistant, "listLocalActions", {}))
    _, devices = await laptop.call("GET", "/v1/devices")
    assert "canary" not in str(devices)


async def test_nobody_else_declares_for_a_device(relay: PairedRelay, changed: list[str]) -> None:
    laptop = await relay.pair()
    other = await second(laptop)
    changed.clear()
    body = {"local_actions": [BACKUP]}
    status, problem = await other.call("PATCH", f"/v1/devices/{laptop.device_id}", body)
    assert (status, problem["code"]) == (422, "invalid_arguments")
    assert "only the device itself" in problem["detail"]
    stranger = await relay.pair(name="Stranger")
    assert (await stranger.call("PATCH", f"/v1/devices/{laptop.device_id}", body))[0] == 404
    assert changed == []


@pytest.mark.parametrize(
    "actions",
    [
        [{**PLAY, "name": "Play Music"}],
        [PLAY, PLAY],
        [{**PLAY, "parameters": [{"name": "device", "kind": "text"}]}],
        [{**PLAY, "name": f"play_{n}"} for n in range(101)],
        "all of them",
    ],
)
async def test_what_is_no_declaration_is_refused(relay: PairedRelay, actions: Any) -> None:
    laptop = await relay.pair()
    status, problem = await laptop.call("PATCH", f"/v1/devices/{laptop.device_id}", {"local_actions": actions})
    assert (status, problem["code"]) == (422, "invalid_arguments")


async def test_each_change_of_what_devices_can_do_is_told_once_and_a_new_name_is_none(
    relay: PairedRelay, changed: list[str]
) -> None:
    laptop = await relay.pair()
    account = laptop.account_id
    await declare(laptop, BACKUP)
    assert changed == [account]
    await laptop.call("PATCH", f"/v1/devices/{laptop.device_id}", {"name": "Desk", "rank": 3})
    assert changed == [account]
    other = await second(laptop)
    assert changed == [account] * 2
    await laptop.call("DELETE", f"/v1/devices/{other.device_id}")
    assert changed == [account] * 3


async def test_a_run_goes_to_a_device_that_has_the_action(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    other = await second(laptop)
    assistant = await connect(laptop)
    await declare(laptop, PLAY)
    await declare(other, BACKUP)
    for name, owner in (("play", laptop), ("backup", other)):
        status, command = await ask(assistant, "runLocalAction", {"name": name, "parameters": {"n": 1}})
        assert status == 202
        _, seen = await owner.call("GET", f"/v1/commands/{command['id']}")
        _, device = await owner.call("GET", f"/v1/devices/{owner.device_id}")
        assert seen["device"] == device["name"]
    status, problem = await ask(assistant, "runLocalAction", {"name": "format_disk"})
    assert (status, problem["code"]) == (404, "action_not_found")
    status, problem = await ask(assistant, "runLocalAction", {"name": "backup", "device": "Laptop"})
    assert (status, problem["code"]) == (404, "action_not_found")


async def test_without_the_scope_nothing_is_listed_or_run(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    await declare(laptop, PLAY)
    assistant = await connect(laptop, scope="notes:read")
    for operation, body in (("listLocalActions", {}), ("runLocalAction", {"name": "play"})):
        status, problem = await ask(assistant, operation, body)
        assert (status, problem["code"], problem["scope"]) == (403, "insufficient_scope", "local:run")


async def test_a_revoked_device_s_actions_are_gone(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    other = await second(laptop)
    assistant = await connect(laptop)
    await declare(other, BACKUP)
    await laptop.call("DELETE", f"/v1/devices/{other.device_id}")
    answers = await asyncio.gather(
        ask(assistant, "listLocalActions", {}), ask(assistant, "runLocalAction", {"name": "backup"})
    )
    assert answers[0] == (200, {"actions": []})
    assert answers[1][0] in (404, 409)
