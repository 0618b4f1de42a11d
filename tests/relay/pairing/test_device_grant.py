"""A further device: the device grant (RFC 8628), and the laptop's yes."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from paired_relay import Laptop, PairedRelay
from sqlalchemy import select, update

from deskbell_relay.store.identity_tables import requests
from deskbell_wire.clock import SECOND
from deskbell_wire.pairing import CODE_ALPHABET


async def later(relay: PairedRelay, seconds: int) -> None:
    """Let `seconds` pass for every request, by moving its times back."""
    shift = seconds * SECOND
    values = {
        "polled_at": requests.c.polled_at - shift,
        "expires_at": requests.c.expires_at - shift,
        "created_at": requests.c.created_at - shift,
    }
    await relay.core.store.write(lambda c: c.execute(update(requests).values(values)).rowcount)


async def claimed(laptop: Laptop, code: str) -> str:
    status, approval = await laptop.call("POST", "/v1/approvals/claim", {"user_code": code})
    assert status == 200, approval
    assert approval["status"] == "pending"
    request_id: str = approval["id"]
    return request_id


async def devices(laptop: Laptop) -> list[str]:
    return [device["name"] for device in (await laptop.call("GET", "/v1/devices"))[1]["devices"]]


async def test_a_second_device_joins_the_account_once_the_laptop_says_yes(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    code = await relay.device_code()
    assert set(code["user_code"]) <= {*CODE_ALPHABET, "-"}
    assert code["verification_uri_complete"].startswith(relay.url + "/pair?user_code=")
    assert (code["expires_in"], code["interval"]) == (600, 5)
    assert (await relay.poll(code["device_code"]))[1]["error"] == "authorization_pending"
    request_id = await claimed(laptop, code["user_code"].lower().replace("-", " "))
    waiting = (await laptop.call("GET", "/v1/approvals"))[1]["approvals"]
    assert [(item["id"], item["kind"], item["name"], item["actions"]) for item in waiting] == [
        (request_id, "device", "Second", ["note.read"])
    ]
    await later(relay, 5)
    assert (await relay.poll(code["device_code"]))[1]["error"] == "authorization_pending"
    assert await devices(laptop) == ["Laptop"]
    assert (await laptop.call("POST", f"/v1/approvals/{request_id}/approve"))[1]["status"] == "approved"
    status, tokens = await relay.poll(code["device_code"])
    assert status == 200
    second = relay.laptop(tokens)
    assert second.account_id == laptop.account_id
    assert await devices(second) == ["Laptop", "Second"]


async def test_polling_too_fast_slows_down_by_five_seconds_each_time(relay: PairedRelay) -> None:
    code = (await relay.device_code())["device_code"]
    assert (await relay.poll(code))[1]["error"] == "authorization_pending"
    assert (await relay.poll(code))[1]["error"] == "slow_down"
    await later(relay, 9)  # enough for 5 s, not for the 10 s that hold now
    assert (await relay.poll(code))[1]["error"] == "slow_down"
    await later(relay, 15)
    assert (await relay.poll(code))[1]["error"] == "authorization_pending"


async def test_an_approved_code_is_redeemed_once_however_many_poll(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    code = await relay.device_code()
    request_id = await claimed(laptop, code["user_code"])
    await laptop.call("POST", f"/v1/approvals/{request_id}/approve")
    answers = await asyncio.gather(*(relay.poll(code["device_code"]) for _ in range(20)))
    assert sorted(status for status, _ in answers) == [200] + [400] * 19
    assert {document["error"] for status, document in answers if status == 400} == {"invalid_grant"}
    assert await devices(laptop) == ["Laptop", "Second"]


async def test_approving_twice_makes_one_device(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    code = await relay.device_code()
    request_id = await claimed(laptop, code["user_code"])
    answers = [await laptop.call("POST", f"/v1/approvals/{request_id}/approve") for _ in range(2)]
    assert [status for status, _ in answers] == [200, 200]
    assert (await relay.poll(code["device_code"]))[0] == 200
    await laptop.call("POST", f"/v1/approvals/{request_id}/approve")
    assert (await relay.poll(code["device_code"]))[1]["error"] == "invalid_grant"
    assert await devices(laptop) == ["Laptop", "Second"]


async def test_a_refused_device_gets_nothing_and_a_late_yes_does_not_help(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    code = await relay.device_code()
    request_id = await claimed(laptop, code["user_code"])
    assert (await laptop.call("POST", f"/v1/approvals/{request_id}/deny"))[1]["status"] == "denied"
    status, problem = await laptop.call("POST", f"/v1/approvals/{request_id}/approve")
    assert (status, problem["code"]) == (404, "request_not_found")
    assert (await relay.poll(code["device_code"]))[1]["error"] == "access_denied"


async def test_after_ten_minutes_neither_yes_nor_code_counts(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    code = await relay.device_code()
    request_id = await claimed(laptop, code["user_code"])
    await later(relay, 601)
    assert (await laptop.call("POST", f"/v1/approvals/{request_id}/approve"))[0] == 404
    assert (await laptop.call("GET", "/v1/approvals"))[1]["approvals"] == []
    assert (await relay.poll(code["device_code"]))[1]["error"] == "expired_token"
    status, problem = await laptop.call("POST", "/v1/approvals/claim", {"user_code": code["user_code"]})
    assert (status, problem["code"]) == (400, "code_not_valid")


async def test_another_account_can_neither_see_nor_decide_nor_claim_what_is_bound(relay: PairedRelay) -> None:
    laptop, stranger = await relay.pair(), await relay.pair(name="Stranger")
    code = await relay.device_code()
    request_id = await claimed(laptop, code["user_code"])
    unknown = "req_00000000-0000-7000-8000-000000000000"
    for answer in ("approve", "deny"):
        foreign = await stranger.call("POST", f"/v1/approvals/{request_id}/{answer}")
        nobody = await stranger.call("POST", f"/v1/approvals/{unknown}/{answer}")
        assert foreign[0] == nobody[0] == 404
        assert {**foreign[1], "request_id": ""} == {**nobody[1], "request_id": ""}
    assert (await stranger.call("GET", "/v1/approvals"))[1]["approvals"] == []
    assert (await stranger.call("POST", "/v1/approvals/claim", {"user_code": code["user_code"]}))[0] == 400
    assert (await relay.poll(code["device_code"]))[1]["error"] == "authorization_pending"


async def test_the_device_code_works_for_its_own_client_alone(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    code = await relay.device_code()
    request_id = await claimed(laptop, code["user_code"])
    await laptop.call("POST", f"/v1/approvals/{request_id}/approve")
    assert (await relay.poll(code["device_code"], "deskbell-extension"))[1]["error"] == "invalid_grant"
    assert (await relay.poll("wrong"))[1]["error"] == "invalid_grant"
    assert (await relay.poll(code["device_code"]))[0] == 200


async def test_five_claims_a_minute_and_no_more(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    answers = [await laptop.call("POST", "/v1/approvals/claim", {"user_code": "BBBB-BBBB"}) for _ in range(6)]
    assert [problem["code"] for _, problem in answers] == ["code_not_valid"] * 5 + ["rate_limited"]


async def test_all_addresses_and_accounts_together_have_a_cap_on_codes(tmp_path: Path) -> None:
    relay = await PairedRelay(tmp_path, code_tries_rate="6/minute").start()
    laptops = [await relay.pair(name=f"Laptop {number}") for number in range(4)]
    codes = [
        (await laptop.call("POST", "/v1/approvals/claim", {"user_code": "BBBB-BBBB"}))[1]["code"]
        for laptop in laptops
        for _ in range(2)
    ]
    assert codes == ["code_not_valid"] * 6 + ["rate_limited"] * 2
    await relay.stop()


async def test_at_most_three_questions_wait_at_a_time(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    ids = [await claimed(laptop, (await relay.device_code())["user_code"]) for _ in range(3)]
    fourth = (await relay.device_code())["user_code"]
    status, problem = await laptop.call("POST", "/v1/approvals/claim", {"user_code": fourth})
    assert (status, problem["code"]) == (429, "too_many_pending")
    await laptop.call("POST", f"/v1/approvals/{ids[0]}/deny")
    await claimed(laptop, fourth)


async def test_an_account_has_a_limit_of_devices(tmp_path: Path) -> None:
    relay = await PairedRelay(tmp_path, devices_per_account=2).start()
    laptop = await relay.pair()
    codes = [await relay.device_code() for _ in range(2)]
    ids = [await claimed(laptop, code["user_code"]) for code in codes]
    for request_id in ids:
        assert (await laptop.call("POST", f"/v1/approvals/{request_id}/approve"))[0] == 200
    assert (await relay.poll(codes[0]["device_code"]))[0] == 200
    assert (await relay.poll(codes[1]["device_code"]))[1]["error"] == "access_denied"
    third = await claimed(laptop, (await relay.device_code())["user_code"])
    status, problem = await laptop.call("POST", f"/v1/approvals/{third}/approve")
    assert (status, problem["code"]) == (409, "too_many_devices")
    await relay.stop()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "gpt-1"}, "invalid_client"),
        ({"client_id": "deskbell-extension"}, "invalid_client"),
        ({"device_kind": "toaster"}, "invalid_request"),
        ({"device_name": ""}, "invalid_request"),
        ({"device_name": "a\u0000b"}, "invalid_request"),
        ({"device_actions": "../x"}, "invalid_request"),
    ],
)
async def test_a_wrong_request_is_told_so_in_oauths_words(
    relay: PairedRelay, changes: dict[str, Any], error: str
) -> None:
    form = {"client_id": "deskbell-daemon", "device_name": "A", "device_kind": "daemon", "device_actions": ""}
    _, document = await relay.post("/oauth/device_authorization", form=form | changes)
    assert document["error"] == error


async def test_the_database_holds_no_usable_code(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    code, connect = await relay.device_code(), await laptop.connect_code()
    rows = str(await relay.core.store.read(lambda c: c.execute(select(requests)).all()))
    for secret in (code["device_code"], code["user_code"], code["user_code"].replace("-", ""), connect):
        assert secret not in rows
