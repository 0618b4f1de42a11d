"""`POST /v1/pair`: who may make an account."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from paired_relay import PairedRelay
from sqlalchemy import func, select, update

from deskbell_relay.store.identity_tables import invites
from deskbell_relay.store.tables import accounts

DEVICE = {"name": "Laptop", "kind": "daemon", "actions": ["note.create"]}


async def pair(relay: PairedRelay, **more: Any) -> tuple[int, Any]:
    return await relay.post("/v1/pair", body={"device": DEVICE} | more)


async def count(relay: PairedRelay) -> int:
    return await relay.core.store.read(lambda c: c.execute(select(func.count()).select_from(accounts)).scalar_one())


async def test_the_first_invite_makes_an_account_whose_tokens_work(relay: PairedRelay) -> None:
    laptop = await relay.pair(relay.first_invite)
    status, document = await laptop.call("GET", "/v1/devices")
    assert status == 200
    assert [device["id"] for device in document["devices"]] == [laptop.device_id]


async def test_an_invite_works_once_however_many_try_at_the_same_time(relay: PairedRelay) -> None:
    answers = await asyncio.gather(*(pair(relay, invite=relay.first_invite) for _ in range(20)))
    assert sorted(status for status, _ in answers) == [201] + [403] * 19
    assert await count(relay) == 1


@pytest.mark.parametrize("invite", [None, "", "x" * 43, "'; DROP TABLE invites; --"])
async def test_without_a_valid_invite_there_is_no_account(relay: PairedRelay, invite: str | None) -> None:
    status, problem = await pair(relay, invite=invite)
    assert (status, problem["code"]) == (403, "invite_not_valid")
    assert await count(relay) == 0


async def test_an_expired_invite_is_refused(relay: PairedRelay) -> None:
    await relay.core.store.write(lambda c: c.execute(update(invites).values(expires_at=1)).rowcount)
    status, problem = await pair(relay, invite=relay.first_invite)
    assert (status, problem["code"]) == (403, "invite_not_valid")


async def test_the_database_holds_no_usable_invite(relay: PairedRelay) -> None:
    rows = await relay.core.store.read(lambda c: c.execute(select(invites)).all())
    assert relay.first_invite
    assert relay.first_invite not in str(rows)


async def test_a_relay_with_an_account_prints_no_invite_and_one_without_a_new_one(tmp_path: Path) -> None:
    relay = await PairedRelay(tmp_path).start()
    first = relay.first_invite
    await relay.stop()
    relay = await PairedRelay(tmp_path).start()
    assert relay.first_invite not in {None, first}
    assert (await pair(relay, invite=first))[0] == 403
    await relay.pair(relay.first_invite)
    await relay.stop()
    relay = await PairedRelay(tmp_path).start()
    assert relay.first_invite is None
    await relay.stop()


async def test_an_open_relay_takes_anyone_and_a_closed_one_nobody(tmp_path: Path) -> None:
    for rule, expected in (("open", 201), ("closed", 403)):
        relay = await PairedRelay(tmp_path / rule, registration=rule).start()
        status, document = await pair(relay, invite=relay.first_invite)
        assert status == expected
        if rule == "closed":
            assert document["code"] == "registration_closed"
        await relay.stop()


async def test_pairing_is_limited_by_address(tmp_path: Path) -> None:
    relay = await PairedRelay(tmp_path, pairing_rate="3/minute").start()
    statuses = [(await pair(relay, invite="wrong"))[0] for _ in range(4)]
    assert statuses == [403, 403, 403, 429]
    await relay.stop()


@pytest.mark.parametrize(
    "device",
    [
        {"name": "", "kind": "daemon", "actions": []},
        {"name": "x" * 65, "kind": "daemon", "actions": []},
        {"name": "a\nb", "kind": "daemon", "actions": []},
        {"name": "a", "kind": "toaster", "actions": []},
        {"name": "a", "kind": "daemon", "actions": ["../etc"]},
        {"name": "a", "kind": "daemon", "actions": ["note.create"] * 201},
    ],
)
async def test_a_device_that_describes_itself_wrongly_uses_no_invite_up(
    relay: PairedRelay, device: dict[str, Any]
) -> None:
    status, problem = await relay.post("/v1/pair", body={"device": device, "invite": relay.first_invite})
    assert (status, problem["code"]) == (422, "invalid_arguments")
    await relay.pair(relay.first_invite)
