"""An assistant is connected: the code, the waiting page, the laptop's yes, and what a stranger cannot do."""

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import ClientTimeout
from paired_relay import CALLBACK, Laptop, PairedRelay, Tab
from sqlalchemy import update

from deskbell_relay.store.identity_tables import connect_codes, requests


async def waiting(laptop: Laptop) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await laptop.call("GET", "/v1/approvals"))[1]["approvals"]
    return found


async def bound(relay: PairedRelay, laptop: Laptop) -> tuple[Tab, str]:
    """A tab whose request waits for the laptop, and the request's id."""
    tab = relay.tab()
    await tab.authorize()
    await tab.enter(await laptop.connect_code())
    return tab, tab.path.rpartition("/")[2]


async def test_code_then_yes_on_the_laptop_sends_the_browser_back_with_a_code_that_works(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    tab = relay.tab()
    answer = await tab.authorize(scope="notes:write")
    assert answer.status == 200
    assert "chatgpt.com" in tab.html
    assert "Create, change and trash notes" in tab.html
    assert "Read, list" not in tab.html
    assert tab.html.index("chatgpt.com") < tab.html.index("My GPT"), "the verified host stands before the claimed name"
    assert await waiting(laptop) == []
    answer = await tab.enter(await laptop.connect_code())
    assert answer.status == 200
    assert f'data-events="{tab.path}/events"' in tab.html
    [approval] = await waiting(laptop)
    assert (approval["kind"], approval["host"], approval["scopes"]) == ("assistant", "chatgpt.com", ["notes:write"])
    answer = await tab.get(f"{tab.path}/continue")
    assert "Now say yes" in tab.html, "nobody gets on before the laptop has said yes"
    await laptop.call("POST", f"/v1/approvals/{approval['id']}/approve")
    await tab.get(tab.path)
    assert f'content="0;url={tab.path}/continue"' in tab.html
    answer = await tab.get(f"{tab.path}/continue")
    assert answer.status == 303
    location = answer.headers["Location"]
    query = parse_qs(urlsplit(location).query)
    assert location.startswith(CALLBACK + "?")
    assert (query["state"], query["iss"]) == (["s1"], [relay.url])
    status, tokens = await relay.redeem(location)
    assert (status, tokens["scope"]) == (200, "notes:write")
    [grant] = (await laptop.call("GET", "/v1/grants"))[1]["grants"]
    assert (grant["host"], grant["scopes"]) == ("chatgpt.com", ["notes:write"])
    await tab.get(f"{tab.path}/continue")
    assert "Already finished" in tab.html


async def test_the_laptop_hears_of_the_request_on_its_stream(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    stream = await relay.session.get(f"{relay.url}/v1/stream", headers=laptop.headers, timeout=ClientTimeout(20))
    await stream.content.readuntil(b"\n\n")
    _, request_id = await bound(relay, laptop)
    event = await stream.content.readuntil(b"\n\n")
    assert b"event: approval" in event
    assert request_id.encode() in event
    stream.close()


@pytest.mark.parametrize("answer", ["approve", "deny"])
async def test_the_waiting_page_hears_at_once_when_the_laptop_answers(relay: PairedRelay, answer: str) -> None:
    laptop = await relay.pair()
    tab, request_id = await bound(relay, laptop)
    async with tab.session.get(f"{relay.url}{tab.path}/events") as events:
        assert events.headers["Content-Type"].startswith("text/event-stream")
        await laptop.call("POST", f"/v1/approvals/{request_id}/{answer}")
        async with asyncio.timeout(5):
            assert b"event: decided" in await events.content.read()


async def test_no_on_the_laptop_gives_the_assistant_nothing(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    tab, request_id = await bound(relay, laptop)
    await laptop.call("POST", f"/v1/approvals/{request_id}/deny")
    await tab.get(tab.path)
    assert "Refused" in tab.html
    answer = await tab.get(f"{tab.path}/continue")
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert (query["error"], query["iss"], query["state"]) == (["access_denied"], [relay.url], ["s1"])
    assert (await laptop.call("GET", "/v1/grants"))[1]["grants"] == []


async def test_cancel_in_the_browser_ends_the_question_on_the_laptop(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    tab, request_id = await bound(relay, laptop)
    await tab.post(f"{tab.path}/cancel", csrf=tab.csrf)
    assert "Refused" in tab.html
    assert await waiting(laptop) == []
    assert (await laptop.call("POST", f"/v1/approvals/{request_id}/approve"))[0] == 404


async def test_no_answer_is_a_no(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    tab, request_id = await bound(relay, laptop)
    await relay.core.store.write(lambda c: c.execute(update(requests).values(expires_at=1)).rowcount)
    assert (await laptop.call("POST", f"/v1/approvals/{request_id}/approve"))[0] == 404
    await tab.get(tab.path)
    assert "Too late" in tab.html
    answer = await tab.get(f"{tab.path}/continue")
    assert "error=access_denied" in answer.headers["Location"]


async def test_five_wrong_codes_end_the_request_and_the_right_one_comes_too_late(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    tab = relay.tab()
    await tab.authorize()
    for left in ("4 tries are left", "3 tries are left", "2 tries are left", "One try is left", "Too many wrong codes"):
        await tab.enter("BBBB-BBBB")
        assert left in tab.html
    code = await laptop.connect_code()
    await tab.enter(code)
    assert "Too many wrong codes" in tab.html
    assert await waiting(laptop) == []
    await (fresh := relay.tab()).authorize()
    await fresh.enter(code)  # it was not used up
    assert len(await waiting(laptop)) == 1


async def test_a_connect_code_is_taken_in_any_writing_and_once(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    code = await laptop.connect_code()
    tabs = [relay.tab() for _ in range(5)]
    for tab in tabs:
        await tab.authorize()
    written = f" {code.lower().replace('-', ' ')} "
    await asyncio.gather(*(tab.enter(written) for tab in tabs))
    assert sorted("Now say yes" in tab.html for tab in tabs) == [False] * 4 + [True]
    assert len(await waiting(laptop)) == 1


async def test_an_expired_connect_code_is_a_wrong_one(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    code = await laptop.connect_code()
    await relay.core.store.write(lambda c: c.execute(update(connect_codes).values(expires_at=1)).rowcount)
    tab = relay.tab()
    await tab.authorize()
    await tab.enter(code)
    assert "wrong, used or expired" in tab.html


async def test_no_more_than_three_questions_and_the_fourth_code_stays_good(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    for _ in range(3):
        await bound(relay, laptop)
    tab, code = relay.tab(), await laptop.connect_code()
    await tab.authorize()
    answer = await tab.enter(code)
    assert answer.status == 429
    assert "too_many_pending" in tab.html
    assert len(await waiting(laptop)) == 3
    await laptop.call("POST", f"/v1/approvals/{(await waiting(laptop))[0]['id']}/deny")
    answer = await tab.post(tab.trail[0], csrf=tab.csrf, code=code)
    assert "Now say yes" in tab.html


async def test_another_browser_sees_hears_and_does_nothing(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    tab, request_id = await bound(relay, laptop)
    other = relay.tab()
    await other.authorize()
    own, csrf = other.path, other.csrf
    for path in ("", "/events", "/continue"):
        answer = await other.get(tab.path + path)
        assert answer.status == 404
        assert "My GPT" not in other.html
    answer = await other.post(tab.path, csrf=csrf, code=await laptop.connect_code())
    assert answer.status == 404
    await other.post(f"{tab.path}/cancel", csrf=csrf)
    await laptop.call("POST", f"/v1/approvals/{request_id}/approve")
    assert (await other.get(f"{tab.path}/continue")).status == 404
    assert (await tab.get(f"{tab.path}/continue")).status == 303
    assert own != tab.path


async def test_another_account_cannot_decide(relay: PairedRelay) -> None:
    laptop, stranger = await relay.pair(), await relay.pair(name="Stranger")
    tab, request_id = await bound(relay, laptop)
    for answer in ("approve", "deny"):
        assert (await stranger.call("POST", f"/v1/approvals/{request_id}/{answer}"))[0] == 404
    assert await waiting(stranger) == []
    await tab.get(tab.path)
    assert "Now say yes" in tab.html


async def test_a_revoked_grant_ends_at_once_and_foreign_ones_are_unknown(relay: PairedRelay) -> None:
    laptop, stranger = await relay.pair(), await relay.pair(name="Stranger")
    tab, request_id = await bound(relay, laptop)
    await laptop.call("POST", f"/v1/approvals/{request_id}/approve")
    _, tokens = await relay.redeem((await tab.get(f"{tab.path}/continue")).headers["Location"])
    [grant] = (await laptop.call("GET", "/v1/grants"))[1]["grants"]
    for method in ("GET", "DELETE"):
        foreign = await stranger.call(method, f"/v1/grants/{grant['id']}")
        nobody = await stranger.call(method, "/v1/grants/gra_00000000-0000-7000-8000-000000000000")
        assert foreign[0] == nobody[0] == 404
        assert {**foreign[1], "request_id": ""} == {**nobody[1], "request_id": ""}
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    async with relay.session.post(f"{relay.url}/actions/listDevices", json={}, headers=headers) as answer:
        assert answer.status == 200
    assert (await laptop.call("DELETE", f"/v1/grants/{grant['id']}"))[0] == 204
    async with relay.session.post(f"{relay.url}/actions/listDevices", json={}, headers=headers) as answer:
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (401, "revoked_token")
