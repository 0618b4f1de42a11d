"""The account's devices: changed, reordered, and cut off at once."""

import asyncio
from typing import Any

from aiohttp import ClientTimeout
from paired_relay import Laptop, PairedRelay
from sqlalchemy import select

from deskbell_relay.store.identity_tables import connect_codes, stream_tickets
from deskbell_relay.store.tables import accounts

UNKNOWN = "dev_00000000-0000-7000-8000-000000000000"


async def two(relay: PairedRelay) -> tuple[Laptop, Laptop]:
    """Two devices of one account."""
    first = await relay.pair()
    code = await relay.device_code()
    request_id = (await first.call("POST", "/v1/approvals/claim", {"user_code": code["user_code"]}))[1]["id"]
    await first.call("POST", f"/v1/approvals/{request_id}/approve")
    return first, relay.laptop((await relay.poll(code["device_code"]))[1])


async def roster(relay: PairedRelay, account_id: str) -> int:
    query = select(accounts.c.roster).where(accounts.c.id == account_id)
    return await relay.core.store.read(lambda c: c.execute(query).scalar_one())


async def refresh(relay: PairedRelay, laptop: Laptop) -> tuple[int, Any]:
    form = {"grant_type": "refresh_token", "refresh_token": laptop.refresh_token, "client_id": "deskbell-daemon"}
    return await relay.post("/oauth/token", form=form)


async def test_a_device_is_renamed_and_reordered_and_dispatch_hears_of_it(relay: PairedRelay) -> None:
    first, second = await two(relay)
    before = await roster(relay, first.account_id)
    status, device = await first.call("PATCH", f"/v1/devices/{first.device_id}", {"name": "Desk", "rank": 7})
    assert (status, device["name"], device["rank"]) == (200, "Desk", 7)
    listed = (await second.call("GET", "/v1/devices"))[1]["devices"]
    assert [item["id"] for item in listed] == [second.device_id, first.device_id]
    assert await roster(relay, first.account_id) > before
    assert (await first.call("GET", f"/v1/devices/{first.device_id}"))[1]["name"] == "Desk"


async def test_only_a_device_itself_says_what_it_can_do(relay: PairedRelay) -> None:
    first, second = await two(relay)
    status, device = await first.call("PATCH", f"/v1/devices/{first.device_id}", {"actions": ["note.read"]})
    assert (status, device["actions"]) == (200, ["note.read"])
    status, problem = await first.call("PATCH", f"/v1/devices/{second.device_id}", {"actions": ["note.trash"]})
    assert (status, problem["code"]) == (422, "invalid_arguments")
    assert (await second.call("GET", f"/v1/devices/{second.device_id}"))[1]["actions"] == ["note.read"]


async def test_a_foreign_device_is_as_unknown_as_one_of_nobody(relay: PairedRelay) -> None:
    mine, stranger = await relay.pair(), await relay.pair(name="Stranger")
    for method, body in (("GET", None), ("PATCH", {"name": "Mine now"}), ("DELETE", None)):
        foreign = await stranger.call(method, f"/v1/devices/{mine.device_id}", body)
        nobody = await stranger.call(method, f"/v1/devices/{UNKNOWN}", body)
        assert foreign[0] == nobody[0] == 404
        assert {**foreign[1], "request_id": ""} == {**nobody[1], "request_id": ""}
    assert (await mine.call("GET", f"/v1/devices/{mine.device_id}"))[1]["name"] == "Laptop"


async def test_a_revoked_device_is_cut_off_at_once_with_all_that_it_holds(relay: PairedRelay) -> None:
    first, second = await two(relay)
    await second.connect_code()
    ticket = (await second.call("POST", "/v1/stream-ticket"))[1]["ticket"]
    stream = await relay.session.get(f"{relay.url}/v1/stream", headers=second.headers, timeout=ClientTimeout(20))
    assert b"event: hello" in await stream.content.readuntil(b"\n\n")
    assert (await first.call("DELETE", f"/v1/devices/{second.device_id}"))[0] == 204
    async with asyncio.timeout(5):
        rest = await stream.content.read()
    assert b'"revoked"' in rest
    status, problem = await second.call("GET", "/v1/devices")
    assert (status, problem["code"]) == (401, "revoked_token")
    assert (await refresh(relay, second))[1]["error"] == "invalid_grant"
    async with relay.session.get(f"{relay.url}/v1/stream", params={"ticket": ticket}) as answer:
        assert answer.status == 401
    left = await relay.core.store.read(
        lambda c: [*c.execute(select(connect_codes)).all(), *c.execute(select(stream_tickets)).all()]
    )
    assert left == []
    assert [item["id"] for item in (await first.call("GET", "/v1/devices"))[1]["devices"]] == [first.device_id]
    assert (await first.call("DELETE", f"/v1/devices/{second.device_id}"))[0] == 404


async def test_a_ticket_opens_one_stream_and_no_second_one(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    status, document = await laptop.call("POST", "/v1/stream-ticket")
    assert (status, document["expires_in"]) == (201, 60)
    rows = await relay.core.store.read(lambda c: str(c.execute(select(stream_tickets)).all()))
    assert document["ticket"] not in rows
    answers = await asyncio.gather(
        *(relay.session.get(f"{relay.url}/v1/stream", params={"ticket": document["ticket"]}) for _ in range(10))
    )
    assert sorted(answer.status for answer in answers) == [200] + [401] * 9
    for answer in answers:
        answer.close()


async def test_an_expired_ticket_opens_nothing(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    ticket = (await laptop.call("POST", "/v1/stream-ticket"))[1]["ticket"]
    await relay.core.store.write(lambda c: c.execute(stream_tickets.update().values(expires_at=1)).rowcount)
    async with relay.session.get(f"{relay.url}/v1/stream", params={"ticket": ticket}) as answer:
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (401, "invalid_ticket")


async def test_a_ticket_is_no_token_for_anything_else(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    ticket = (await laptop.call("POST", "/v1/stream-ticket"))[1]["ticket"]
    async with relay.session.get(f"{relay.url}/v1/devices", params={"ticket": ticket}) as answer:
        assert answer.status == 401
