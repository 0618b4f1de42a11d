"""Two accounts on one relay: neither can see, resume, answer, cancel, change or list what is the other's.

Made from the route table: a new route that names a thing by `{id}` and does not say whose it is goes red here, and so
does one whose owner is not checked.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from assistants import Assistant, connect
from paced_provider import PacedProvider
from paired_relay import Laptop, PairedRelay

from deskbell_relay.http.route import Route
from deskbell_wire.event import Decoder, ServerSentEvent

UNKNOWN = {
    "command": "cmd_01932c07-0000-7000-8000-00000000dead",
    "device": "dev_01932c07-0000-7000-8000-00000000dead",
    "grant": "gra_01932c07-0000-7000-8000-00000000dead",
    "approval": "req_01932c07-0000-7000-8000-00000000dead",
    "run": "run_01932c07-0000-7000-8000-00000000dead",
}
BODIES: dict[str, Any] = {
    "/v1/commands/{id}/progress": {"status": "running"},
    "/v1/commands/{id}/result": {"status": "done", "output": {}},
    "/v1/devices/{id}": {"name": "Stolen"},
}


@dataclass
class Account:
    """An account with a device, an assistant, a command and a request that waits."""

    laptop: Laptop
    assistant: Assistant
    owned: dict[str, str]


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[PairedRelay]:
    provider = await PacedProvider().start()
    relay = await PairedRelay(
        tmp_path, ai_compatible_url=provider.url, ai_compatible_model="mock", ai_local=False
    ).start()
    yield relay
    await relay.stop()
    await provider.stop()


async def account(relay: PairedRelay, name: str) -> Account:
    laptop = await relay.pair(name=name)
    assistant = await connect(laptop)
    headers = {"Authorization": f"Bearer {assistant.access_token}", "Prefer": "wait=0"}
    async with relay.session.post(
        f"{relay.url}/actions/createNote", json={"title": f"Of {name}"}, headers=headers
    ) as answer:
        command = await answer.json()
        assert answer.status == 202, command
    tab = relay.tab()
    await tab.authorize()
    await tab.enter(await laptop.connect_code())
    _, grants = await laptop.call("GET", "/v1/grants")
    status, run = await laptop.call("POST", "/ai/runs", {"provider": "compatible", "prompt": f"Of {name}"})
    assert status == 201, run
    await laptop.call("POST", f"/ai/runs/{run['run_id']}/stop")
    await relay.core.runs.saved()
    owned = {
        "command": command["id"],
        "device": laptop.device_id,
        "grant": grants["grants"][0]["id"],
        "approval": tab.path.rpartition("/")[2],
        "run": run["run_id"],
    }
    return Account(laptop, assistant, owned)


@pytest.fixture
async def two(relay: PairedRelay) -> tuple[Account, Account]:
    return await account(relay, "Ada"), await account(relay, "Bob")


async def events(relay: PairedRelay, who: Account, last_event_id: str, until: str) -> list[ServerSentEvent]:
    """What the account's device reads from there on, to the first event that holds the text `until`."""
    decoder = Decoder()
    seen: list[ServerSentEvent] = []
    headers = who.laptop.headers | {"Last-Event-ID": last_event_id}
    async with asyncio.timeout(10), relay.session.get(f"{relay.url}/v1/stream", headers=headers) as stream:
        while not any(until in event.data for event in seen):
            chunk = await stream.content.readany()
            assert chunk, "the stream ended"
            seen += decoder.feed(chunk)
    return seen


async def ask(relay: PairedRelay, route: Route, path: str, token: str) -> tuple[int, str]:
    body = BODIES.get(route.path, {})
    json = body if route.method in ("POST", "PATCH") else None
    headers = {"Authorization": f"Bearer {token}"}
    async with relay.session.request(route.method, relay.url + path, json=json, headers=headers) as answer:
        text = await answer.text()
    return answer.status, re.sub(r'"request_id":"[^"]*"', "", text)


async def snapshot(who: Account) -> list[Any]:
    paths = ("/v1/commands", "/v1/devices", "/v1/grants", "/v1/approvals")
    seen = [(await who.laptop.call("GET", path))[1] for path in (*paths, f"/ai/runs/{who.owned['run']}")]
    for row in (*seen[1]["devices"], *seen[2]["grants"]):
        row.pop("last_seen_at", None), row.pop("used_at", None), row.pop("online", None)
    return seen


def owning(relay: PairedRelay) -> list[Route]:
    return [route for route in relay.core.routes if "{id}" in route.path]


async def test_every_route_that_names_a_thing_says_whose_it_is(relay: PairedRelay) -> None:
    named = owning(relay)
    assert len(named) >= 16, "commands 4, devices 3, grants 2, approvals 2, runs 5: has the table lost some?"
    for route in named:
        assert route.owns in UNKNOWN, f"{route.method} {route.path} names a thing: say in `owns` what its id is"
        assert route.access in ("device", "chat"), (
            f"{route.method} {route.path}: things of an account are for its devices"
        )
    for route in relay.core.routes:
        if route.access != "public" and "{id}" not in route.path:
            assert re.findall(r"{(\w+)}", route.path) in ([], ["operation"]), route.path


async def test_what_is_anothers_looks_like_what_does_not_exist_and_stays_as_it_is(
    relay: PairedRelay, two: tuple[Account, Account]
) -> None:
    ada, bob = two
    before = await snapshot(ada)
    for route in owning(relay):
        token = bob.laptop.access_token
        foreign = await ask(relay, route, route.path.replace("{id}", ada.owned[route.owns]), token)
        unknown = await ask(relay, route, route.path.replace("{id}", UNKNOWN[route.owns]), token)
        assert foreign[0] == 404, (route.method, route.path, foreign)
        same = foreign[1].replace(ada.owned[route.owns], "ID") == unknown[1].replace(UNKNOWN[route.owns], "ID")
        assert same, (route.path, foreign, unknown)
    assert await snapshot(ada) == before


@pytest.mark.parametrize("answer", ["approve", "deny"])
async def test_an_answer_given_is_no_more_to_be_seen_by_the_other_than_one_awaited(
    relay: PairedRelay, two: tuple[Account, Account], answer: str
) -> None:
    ada, bob = two
    path = f"/v1/approvals/{ada.owned['approval']}/{answer}"
    assert (await ada.laptop.call("POST", path))[0] == 200
    assert (await bob.laptop.call("POST", path))[0] == 404  # for the owner the same answer again is no error
    assert (await ada.laptop.call("POST", path))[0] == 200


async def test_the_owner_can_do_what_the_other_cannot(relay: PairedRelay, two: tuple[Account, Account]) -> None:
    ada, _ = two
    last = ("DELETE", "/v1/devices/{id}")  # ends the token with which we ask
    for route in sorted(owning(relay), key=lambda route: (route.method, route.path) == last):
        status, text = await ask(
            relay, route, route.path.replace("{id}", ada.owned[route.owns]), ada.laptop.access_token
        )
        if route.path.endswith(("/cancel", "/deny")):  # it may have ended a moment ago
            assert status in (200, 404, 409), (route.path, text)
        else:
            assert status < 300, (route.method, route.path, status, text)


async def test_no_list_shows_a_row_of_the_other(relay: PairedRelay, two: tuple[Account, Account]) -> None:
    ada, bob = two
    lists = [r for r in relay.core.routes if r.method == "GET" and r.access in ("device", "chat") and "{" not in r.path]
    assert len(lists) >= 4
    for route in lists:
        _, text = await ask(relay, route, route.path, bob.laptop.access_token)
        assert not [thing for thing in ada.owned.values() if thing in text], route.path
    headers = {"Authorization": f"Bearer {bob.assistant.access_token}"}
    async with relay.session.post(f"{relay.url}/actions/listDevices", json={}, headers=headers) as answer:
        assert [device["name"] for device in (await answer.json())["devices"]] == ["Bob"]
    body = {"command_id": ada.owned["command"]}
    async with relay.session.post(f"{relay.url}/actions/getResult", json=body, headers=headers) as answer:
        assert answer.status == 404
    body = {"title": "For Ada", "device": ada.laptop.device_id}
    async with relay.session.post(f"{relay.url}/actions/createNote", json=body, headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, "device_not_found")


async def test_a_stream_resumed_with_the_others_cursor_shows_ones_own_events_alone(
    relay: PairedRelay, two: tuple[Account, Account]
) -> None:
    ada, bob = two
    start = f"{relay.core.channel.epoch}-0"
    adas = await events(relay, ada, start, ada.owned["command"])
    cursor = next(event.last_event_id for event in adas if event.last_event_id not in ("", start))
    for last_event_id in (start, cursor):
        headers = {"Authorization": f"Bearer {ada.assistant.access_token}", "Prefer": "wait=0"}
        async with relay.session.post(
            f"{relay.url}/actions/createNote", json={"title": "A"}, headers=headers
        ) as answer:
            foreign = (await answer.json())["id"]
        headers["Authorization"] = f"Bearer {bob.assistant.access_token}"
        async with relay.session.post(
            f"{relay.url}/actions/createNote", json={"title": "B"}, headers=headers
        ) as answer:
            newest = (await answer.json())["id"]
        text = "".join(event.data for event in await events(relay, bob, last_event_id, newest))
        assert not [thing for thing in (foreign, *ada.owned.values()) if thing in text]


@pytest.mark.parametrize("door", ["device", "assistant"])
async def test_a_token_of_one_door_opens_no_other(relay: PairedRelay, two: tuple[Account, Account], door: str) -> None:
    ada, _ = two
    token = ada.assistant.access_token if door == "device" else ada.laptop.access_token
    for route in relay.core.routes:
        if route.access == door or (door == "device" and route.access in ("stream", "chat")):
            path = route.path.replace("{id}", ada.owned.get(route.owns, "")).replace("{operation}", "x")
            status, text = await ask(relay, route, path, token)
            assert (status, "invalid_token" in text) == (401, True), (route.method, route.path, text)


async def test_without_a_token_every_private_route_says_401(relay: PairedRelay) -> None:
    async with aiohttp.ClientSession() as stranger:
        for route in relay.core.routes:
            if route.access != "public":
                path = route.path.replace("{id}", "x").replace("{operation}", "x")
                async with stranger.request(route.method, relay.url + path) as answer:
                    assert answer.status == 401, (route.method, route.path)
                    assert "resource_metadata=" in answer.headers["WWW-Authenticate"]
