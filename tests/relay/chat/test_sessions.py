"""A browser's session at the chat page: how it begins, what it may do, and how it ends."""

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientResponse
from chat_browser import OUR_PAGE, Session, asked, signed_in
from paced_provider import Exchange, delta
from paired_relay import PairedRelay
from run_rooms import RunRooms
from sqlalchemy import update

from deskbell_relay.http.session_cookie import SessionCookie
from deskbell_relay.store.tables import grants
from deskbell_wire.pairing import CHAT_SCOPE

PRIVATE = (
    ("GET", "/ai/providers"),
    ("GET", "/ai/runs"),
    ("GET", "/ai/runs/{run}"),
    ("GET", "/ai/runs/{run}/stream"),
    ("POST", "/ai/runs"),
    ("POST", "/ai/runs/{run}/stop"),
    ("POST", "/ai/runs/{run}/share"),
    ("DELETE", "/ai/runs/{run}/share"),
    ("GET", "/ai/stream?provider=compatible&q=x"),
)
QUESTION = {"provider": "compatible", "prompt": "Say hello"}


async def endless(exchange: Exchange) -> None:
    while True:
        await exchange.send(delta("on and "))
        await asyncio.sleep(0.02)


async def started(session: Session) -> str:
    status, document = await session.call("POST", "/ai/runs", QUESTION)
    assert status == 201, document
    run_id: str = document["run_id"]
    return run_id


async def ended(stream: ClientResponse) -> None:
    """Return once nothing more can come, however it ended."""
    with contextlib.suppress(ClientError):
        while await stream.content.readany():
            pass


async def test_a_signed_in_browser_asks_reads_lists_and_stops_the_accounts_runs(tmp_path: Path) -> None:
    async with RunRooms(tmp_path) as rooms:
        session = await signed_in(rooms.relay, rooms.laptop)
        run_id = await started(session)
        async with session.tab.session.get(f"{rooms.relay.url}/ai/runs/{run_id}/stream", headers=OUR_PAGE) as stream:
            assert "Hel" in await stream.text()
        await rooms.relay.core.runs.saved()
        [run] = (await session.call("GET", "/ai/runs"))[1]["runs"]
        assert (run["id"], run["beginning"], run["shared_until"]) == (run_id, "Hello!", None)
        assert (await rooms.info(run_id))["text"] == "Hello!", "the laptop sees the same account"
        assert (await session.call("POST", f"/ai/runs/{run_id}/stop"))[0] == 200
        assert (await session.call("GET", "/ai/runs?limit=0"))[0] == 422
        older = await rooms.begin()
        await rooms.read(older)
        page = (await session.call("GET", f"/ai/runs?before={older}"))[1]["runs"]
        assert [each["id"] for each in page] == [run_id]


async def test_a_session_has_a_name_and_is_listed_with_the_assistants(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    tab = await asked(relay, laptop)
    [approval] = (await laptop.call("GET", "/v1/approvals"))[1]["approvals"]
    assert (approval["kind"], approval["scopes"], approval["host"]) == ("assistant", [CHAT_SCOPE], "127.0.0.1")
    assert approval["name"].startswith("Chat page in")
    await laptop.call("POST", f"/v1/approvals/{approval['id']}/deny")
    await tab.get(tab.path)
    assert "this browser is not signed in" in tab.html
    answer = await tab.get(f"{tab.path}/continue")
    await tab.get(answer.headers["Location"].removeprefix(relay.url))
    assert "You were not signed in" in tab.html
    assert (await laptop.call("GET", "/v1/grants"))[1]["grants"] == []
    await signed_in(relay, laptop)
    [grant] = (await laptop.call("GET", "/v1/grants"))[1]["grants"]
    assert (grant["name"], grant["scopes"]) == (approval["name"], [CHAT_SCOPE])


async def test_the_cookie_is_out_of_reach_of_scripts_and_of_neighbours(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    tab = await asked(relay, laptop)
    await laptop.say_yes()
    answer = await tab.get(f"{tab.path}/continue")
    async with tab.session.get(answer.headers["Location"], allow_redirects=False) as back:
        cookie = back.headers["Set-Cookie"]
        assert (back.status, back.headers["Location"]) == (303, "/chat")
    for word in ("HttpOnly", "SameSite=Lax", "Path=/"):
        assert word in cookie
    assert "Domain" not in cookie
    assert SessionCookie("https://bell.example").name == "__Host-deskbell-chat"
    assert SessionCookie("http://127.0.0.1:1").name != SessionCookie("http://127.0.0.1:2").name


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:1"},
    ],
)
async def test_the_cookie_opens_nothing_to_a_request_of_another_page(tmp_path: Path, headers: dict[str, str]) -> None:
    async with RunRooms(tmp_path) as rooms:
        session = await signed_in(rooms.relay, rooms.laptop)
        run_id = await started(session)
        await rooms.read(run_id)
        for method, path in PRIVATE:
            sent = headers | {"X-Deskbell-Form": session.form}
            status, document = await session.call(method, path.format(run=run_id), headers=sent)
            assert (status, document["code"]) == (403, "csrf_failed"), (method, path)
        assert len(rooms.provider.calls) == 1, "nothing was asked"


async def test_what_changes_something_needs_the_pages_own_token(tmp_path: Path) -> None:
    async with RunRooms(tmp_path) as rooms:
        session = await signed_in(rooms.relay, rooms.laptop)
        other = await signed_in(rooms.relay, rooms.laptop)
        run_id = await started(session)
        for method, path in PRIVATE:
            for form in ("", "0" * 64, other.form, "é"):
                status, document = await session.call(method, path.format(run=run_id), form=form)
                expected = method == "GET"
                assert (status != 403) == expected, (method, path, document)
        status, _ = await session.call("POST", f"/ai/runs/{run_id}/stop")
        assert status == 200


async def test_the_cookie_of_another_account_sees_none_of_it(tmp_path: Path) -> None:
    async with RunRooms(tmp_path) as rooms:
        run_id = await rooms.begin()
        stranger = await signed_in(rooms.relay, await rooms.relay.pair(name="Stranger"))
        for method, path in PRIVATE:
            if "{run}" in path:
                status, document = await stranger.call(method, path.format(run=run_id))
                assert (status, document["code"]) == (404, "run_not_found"), (method, path)
        assert (await stranger.call("GET", "/ai/runs"))[1]["runs"] == []


async def test_the_session_opens_ai_and_no_other_door(tmp_path: Path) -> None:
    async with RunRooms(tmp_path) as rooms:
        session = await signed_in(rooms.relay, rooms.laptop)
        [cookie] = [each for each in session.tab.session.cookie_jar if each.key.startswith("deskbell-chat")]
        for method, path in (("GET", "/v1/devices"), ("GET", "/v1/approvals"), ("POST", "/v1/connect-codes")):
            assert (await session.call(method, path))[0] == 401, path
        bearer = {"Authorization": f"Bearer {cookie.value}"}
        for method, path in (
            ("GET", "/v1/devices"),
            ("GET", "/ai/runs"),  # a cookie's token is no bearer token: it works in the cookie, with its checks, alone
            ("POST", "/actions/listDevices"),
            ("POST", "/mcp"),
        ):
            async with rooms.relay.session.request(method, rooms.relay.url + path, json={}, headers=bearer) as answer:
                assert answer.status == 401, path


async def test_a_devices_token_in_the_cookie_is_no_session(tmp_path: Path) -> None:
    async with RunRooms(tmp_path) as rooms:
        name = SessionCookie(rooms.relay.url).name
        headers = OUR_PAGE | {"Cookie": f"{name}={rooms.laptop.access_token}"}
        async with rooms.relay.session.get(f"{rooms.relay.url}/ai/runs", headers=headers) as answer:
            assert answer.status == 401


@pytest.mark.parametrize("how", ["revoked", "signed out"])
async def test_a_session_that_ends_is_cut_off_within_a_second(tmp_path: Path, how: str) -> None:
    async with RunRooms(tmp_path, endless) as rooms:
        session = await signed_in(rooms.relay, rooms.laptop)
        run_id = await started(session)
        stream = await session.tab.session.get(f"{rooms.relay.url}/ai/runs/{run_id}/stream", headers=OUR_PAGE)
        await stream.content.readuntil(b"event: token")
        if how == "revoked":
            [grant] = (await rooms.laptop.call("GET", "/v1/grants"))[1]["grants"]
            await rooms.laptop.call("DELETE", f"/v1/grants/{grant['id']}")
            left = {"code": "revoked_token"}
        else:
            answer = await session.tab.post("/chat/sign-out", headers=OUR_PAGE, csrf=session.form)
            assert answer.status == 200
            assert "You are signed out" in session.tab.html
            left = {"code": "missing_token"}
        async with asyncio.timeout(5):
            await ended(stream)
        status, document = await session.call("GET", f"/ai/runs/{run_id}")
        assert (status, document["code"]) == (401, left["code"])
        assert (await rooms.laptop.call("GET", "/v1/grants"))[1]["grants"] == []
        assert (await rooms.info(run_id))["status"] == "running", "a viewer who goes stops nothing"
        await rooms.laptop.call("POST", f"/ai/runs/{run_id}/stop")


async def test_a_copy_of_the_cookie_is_worth_nothing_after_signing_out(tmp_path: Path) -> None:
    async with RunRooms(tmp_path) as rooms:
        session = await signed_in(rooms.relay, rooms.laptop)
        [cookie] = [each for each in session.tab.session.cookie_jar if each.key.startswith("deskbell-chat")]
        await session.tab.post("/chat/sign-out", headers=OUR_PAGE, csrf=session.form)
        headers = OUR_PAGE | {"Cookie": f"{cookie.key}={cookie.value}"}
        async with rooms.relay.session.get(f"{rooms.relay.url}/ai/runs", headers=headers) as answer:
            assert answer.status == 401


async def test_signing_out_is_not_for_other_pages(relay: PairedRelay) -> None:
    session = await signed_in(relay, await relay.pair())
    for headers, form in ((None, session.form), ({"Sec-Fetch-Site": "cross-site"}, session.form), (OUR_PAGE, "0" * 64)):
        answer = await session.tab.post("/chat/sign-out", headers=headers, csrf=form)
        assert answer.status == 403
    await session.tab.get("/chat")
    assert 'id="talk"' in session.tab.html


async def test_a_session_ends_by_itself_and_leaves_the_list(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, chat_session_s=1) as rooms:
        session = await signed_in(rooms.relay, rooms.laptop)
        assert (await session.call("GET", "/ai/runs"))[0] == 200
        core = rooms.relay.core
        await core.store.write(lambda c: c.execute(update(grants).values(created_at=1)).rowcount)
        await core.identity._purge()
        assert (await rooms.laptop.call("GET", "/v1/grants"))[1]["grants"] == []
        await core.identity._hear_revocations()
        assert (await session.call("GET", "/ai/runs"))[0] == 401
        await session.tab.get("/chat")
        assert "Your session has ended" in session.tab.html


async def test_the_code_of_one_browser_signs_no_other_one_in(relay: PairedRelay) -> None:
    """A link with a stranger's code would sign the reader in to the stranger's account."""
    laptop = await relay.pair()
    tab = await asked(relay, laptop)
    await laptop.say_yes()
    answer = await tab.get(f"{tab.path}/continue")
    victim = relay.tab()
    await victim.get("/chat")
    back = await victim.get(answer.headers["Location"].removeprefix(relay.url))
    assert back.status == 403
    assert not [each for each in victim.session.cookie_jar if each.key.startswith("deskbell-chat")]
    back = await tab.get(answer.headers["Location"].removeprefix(relay.url))
    assert back.status == 403, "and the code is burnt by the try"


async def test_a_code_used_twice_ends_the_session(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    tab = await asked(relay, laptop)
    await laptop.say_yes()
    answer = await tab.get(f"{tab.path}/continue")
    place = answer.headers["Location"].removeprefix(relay.url)
    await tab.get(place)
    assert 'id="talk"' in tab.html
    assert (await tab.get(place)).status == 403
    await tab.get("/chat")
    assert "Your session has ended" in tab.html
    assert (await laptop.call("GET", "/v1/grants"))[1]["grants"] == []


async def test_nobody_can_ask_for_a_session_at_the_assistants_door(relay: PairedRelay) -> None:
    await relay.pair()
    tab = relay.tab()
    query: dict[str, Any] = {"client_id": "deskbell-chat", "redirect_uri": f"{relay.url}/chat/signed-in"}
    assert (await tab.authorize(**query)).status == 400
    answer = await tab.authorize(scope=CHAT_SCOPE)
    assert "error=invalid_scope" in answer.headers["Location"], "no assistant can have the page's scope"


async def test_a_sign_in_begins_on_our_page_alone(relay: PairedRelay) -> None:
    tab = relay.tab()
    assert (await tab.post("/chat/sign-in", csrf="0" * 64)).status == 403
    await tab.get("/chat")
    assert (await tab.post("/chat/sign-in", headers={"Sec-Fetch-Site": "cross-site"}, csrf=tab.csrf)).status == 403


async def test_a_link_taken_back_cuts_its_viewers_off_and_no_other(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, endless) as rooms:
        run_id = await rooms.begin()
        _, link = await rooms.laptop.call("POST", f"/ai/runs/{run_id}/share")
        assert link["url"].startswith(f"{rooms.relay.url}/shared/")
        async with rooms.relay.session.get(link["url"]) as page:
            assert (page.status, page.headers["Referrer-Policy"]) == (200, "no-referrer")
        own = await rooms.relay.session.get(f"{rooms.relay.url}/ai/runs/{run_id}/stream", headers=rooms.laptop.headers)
        viewer = await rooms.relay.session.get(link["stream"])
        await viewer.content.readuntil(b"event: token")
        await rooms.laptop.call("DELETE", f"/ai/runs/{run_id}/share")
        async with asyncio.timeout(5):
            await ended(viewer)
        assert await own.content.readany()
        await rooms.laptop.call("POST", f"/ai/runs/{run_id}/stop")
        rest = (await own.content.read()).decode()
        assert json.loads(rest.rpartition("data: ")[2])["status"] == "stopped"
        own.close()
