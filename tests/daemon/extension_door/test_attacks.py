"""Who else knocks at the extension's door: pages, rebound names, other extensions, squatters, guessers, replayers."""

import asyncio
import re
import socket

import aiohttp
import pytest
from aiohttp import web
from browser_extension import CHROMIUM, BrowserExtension, nonce
from paired_relay import PairedRelay

from deskbell_daemon.extension_door.pairings import MOST_OFFERS, Pairings
from deskbell_wire.errors import Problem
from deskbell_wire.number_match import committed, digits

HOSTILE = [
    "https://evil.example",
    "http://127.0.0.1:PORT",
    "null",
    "",
    f"chrome-extension://{'a' * 32}",
    f"{CHROMIUM}.evil.example",
    f"https://evil.example/{CHROMIUM}",
    CHROMIUM.upper(),
    "moz-extension://evil",
    "safari-web-extension://0a1b2c3d-0000-4000-8000-00000000beef",
]


class DocumentOf:
    """Equal to a problem document of this code."""

    def __init__(self, code: str) -> None:
        self.code = code

    def __eq__(self, other: object) -> bool:
        return isinstance(other, dict) and other.get("code") == self.code

    def __hash__(self) -> int:
        return hash(self.code)

    def __repr__(self) -> str:
        return f"a document of {self.code}"


async def nobody_waits(owner):
    assert (await owner.call("GET", "/v1/approvals"))[1]["approvals"] == []


@pytest.mark.parametrize("origin", HOSTILE)
async def test_a_page_or_another_extension_gets_nothing_on_every_route(extension, owner, origin):
    body = await extension.begin()
    extension.origin = origin.replace("PORT", extension.url.rpartition(":")[2])
    assert await extension.post(body) == (403, DocumentOf("foreign_origin"))
    for path in ("/extension/daemon", f"/extension/pair/{body['user_code']}"):
        assert (await extension.get(path))[0] == 403
        async with extension.http.options(extension.url + path, headers=extension.headers) as preflight:
            assert preflight.status == 403
            assert not [name for name in preflight.headers if name.startswith("Access-Control-")]
    await nobody_waits(owner)


async def test_a_request_of_no_origin_may_look_and_not_begin(extension, owner):
    body = await extension.begin()
    extension.origin = None
    assert (await extension.get("/extension/daemon"))[0] == 200
    assert await extension.post(body) == (403, DocumentOf("foreign_origin"))
    for site in ("cross-site", "same-site", "same-origin"):  # what a browser says of an <img> or a link in a page
        assert (await extension.get("/extension/daemon", **{"Sec-Fetch-Site": site}))[0] == 403
    await nobody_waits(owner)


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost:PORT", "127.0.0.1", "127.0.0.1:1", "127.0.0.1:PORT.evil.example", "[::1]:PORT"]
)
async def test_a_name_that_was_bound_to_this_machine_gets_nothing(extension, owner, host):
    body = await extension.begin()
    named = {"Host": host.replace("PORT", extension.url.rpartition(":")[2])}
    assert await extension.post(body, **named) == (403, DocumentOf("foreign_host"))
    assert (await extension.get("/extension/daemon", **named))[0] == 403
    await nobody_waits(owner)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
async def test_a_form_begins_nothing(extension, owner, kind):
    await extension.begin()
    for origin, status in ((CHROMIUM, 415), ("https://evil.example", 403), ("null", 403)):
        headers = {"Origin": origin, "Content-Type": kind}
        async with extension.http.post(f"{extension.url}/extension/pair", data=b"{}", headers=headers) as answer:
            assert answer.status == status
    await nobody_waits(owner)


async def test_a_websocket_is_not_opened(extension):
    for origin in ("https://evil.example", CHROMIUM):
        with pytest.raises(aiohttp.WSServerHandshakeError) as raised:
            await extension.http.ws_connect(f"{extension.url}/extension/daemon", origin=origin)
        assert raised.value.status in (200, 403)


async def test_an_extension_is_answered_to_its_own_origin_alone(extension):
    headers = {"Origin": CHROMIUM, "Access-Control-Request-Method": "POST"}
    async with extension.http.options(f"{extension.url}/extension/pair", headers=headers) as answer:
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (204, CHROMIUM)
        assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_a_commitment_is_good_once(extension):
    body = await extension.begin()
    assert (await extension.post(body))[0] == 200
    assert await extension.post(body) == (400, DocumentOf("code_not_valid"))
    assert await extension.post({**body, "commitment": committed(nonce())}) == (400, DocumentOf("code_not_valid"))


async def test_codes_are_not_guessed_here(extension, owner):
    outcomes = []
    for letter in "BCDFGHJ":
        body = await extension.begin()
        outcomes.append((await extension.post({**body, "user_code": letter * 8}))[1]["code"])
    assert outcomes == ["code_not_valid"] * 5 + ["rate_limited"] * 2
    await nobody_waits(owner)


async def test_the_state_of_a_code_that_nobody_brought_is_not_told(extension):
    code = await extension.relay.device_code("Other")
    assert (await extension.get(f"/extension/pair/{code['user_code']}"))[0] == 404
    assert (await extension.get("/extension/pair/..%2f..%2fstatus"))[0] == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "deskbell-daemon", "device_kind": "daemon", "device_actions": "note.create local.run"},
        {"device_actions": "tab.open clipboard.write"},
    ],
)
async def test_what_is_no_extension_is_refused_at_once(extension, owner, changes):
    body = await extension.begin(**changes)
    assert await extension.post(body) == (400, DocumentOf("code_not_valid"))
    await nobody_waits(owner)


async def test_a_name_other_than_the_one_at_the_relay_is_refused(extension, owner):
    body = await extension.begin("Chrome")
    assert await extension.post({**body, "device_name": "Deskbell Update"}) == (400, DocumentOf("code_not_valid"))
    await nobody_waits(owner)


@pytest.mark.parametrize(
    "change",
    [{"nonce": "short"}, {"nonce": "n" * 44}, {"commitment": "x" * 64}, {"user_code": "1234"}, {"device_name": "a\nb"}],
)
async def test_what_does_not_fit_is_refused(extension, owner, change):
    body = await extension.begin()
    assert await extension.post({**body, **change}) == (422, DocumentOf("invalid_arguments"))
    await nobody_waits(owner)


async def test_bodies_that_are_large_deep_or_none(extension):
    headers = {"Origin": CHROMIUM, "Content-Type": "application/json"}
    for data, status in ((b"x" * 3_000, 413), (b"[" * 1_900, 400), (b"\xff", 400), (b"", 400)):
        async with extension.http.post(f"{extension.url}/extension/pair", data=data, headers=headers) as answer:
            assert answer.status == status, data[:3]


async def test_one_who_stands_between_cannot_make_the_numbers_meet(extension, daemon, places, http, tmp_path):
    """A squatter on the extension's first port, with a relay of his own, against a daemon that he can reach too."""
    his_relay = await PairedRelay(tmp_path / "his", ai_local=False).start()
    his_nonce = nonce()
    seen: dict[str, str] = {}

    async def squat(request: web.Request) -> web.Response:
        if request.method == "GET":
            here = {"product": "deskbell", "host_name": "laptop", "paired": True, "relay": his_relay.url}
            return web.json_response({**here, "commitment": committed(his_nonce)})
        seen.update(await request.json())
        return web.json_response({"nonce": his_nonce, "digits": "000000", "expires_at": "2026-11-24T14:02:01.123456Z"})

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", squat)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    victim = BrowserExtension(his_relay, http, int(runner.addresses[0][1]))
    body = await victim.begin()
    _, answered = await victim.post(body)
    extension_shows = digits(body["user_code"], body["nonce"], answered["nonce"], his_relay.url)
    # He may now ask the real daemon. What it will show depends on a nonce that it has not told him yet.
    laptop_shows = await extension.ask("Chrome")
    assert extension_shows != laptop_shows, "once in a million"
    assert extension_shows != "000000", "the extension trusts its own sum, not the word that came"
    await runner.cleanup()
    await his_relay.stop()


async def test_offers_are_bounded_and_end(monkeypatch):
    pairings = Pairings()
    first = pairings.offer()
    others = [pairings.offer() for _ in range(MOST_OFFERS)]
    for gone in (first, "0" * 64):
        with pytest.raises(Problem) as raised:
            pairings.reveal(gone)
        assert raised.value.code == "code_not_valid"
    assert committed(pairings.reveal(others[0])) == others[0]
    monkeypatch.setattr("deskbell_daemon.extension_door.pairings.time.monotonic", lambda: 1e12)
    with pytest.raises(Problem):
        pairings.reveal(others[1])


async def test_a_port_that_is_taken_is_passed_over_and_five_are_said(owner, places, start, http):
    first = int(re.search(r"port = (\d+)", places.config_file.read_text())[1])
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", first))
        squatter.listen()
        async with start(places) as daemon:
            assert daemon.pairings.port in range(first + 1, first + 5)
        held = []
        for port in range(first + 1, first + 5):
            try:
                held.append(socket.create_server(("127.0.0.1", port)))
            except OSError:  # somebody else has it: taken all the same
                continue
        async with start(places) as daemon:
            status = await daemon.status()
            assert (status["extension_port"], status["extension_problem"]["code"]) == (None, "extension_door_closed")
        for server in held:
            server.close()


async def test_nought_closes_the_door_and_a_daemon_that_is_not_paired_makes_no_offer(places, start, http):
    places.config_file.write_text(places.config_file.read_text() + "[extension]\nport = 0\n")
    async with start(places) as daemon:
        assert (daemon.pairings.port, daemon.pairings.problem) == (None, None)
    places.config_file.write_text(places.config_file.read_text().replace("port = 0", f"port = {_free()}"))
    async with start(places) as daemon:
        address = f"http://127.0.0.1:{daemon.pairings.port}/extension/daemon"
        async with http.get(address, headers={"Origin": CHROMIUM}) as answer:
            here = await answer.json()
    assert (here["paired"], here["relay"], here["commitment"], here["host_name"]) == (False, None, None, "laptop")


async def test_a_body_that_does_not_come_is_not_waited_for(extension, monkeypatch):
    monkeypatch.setattr("deskbell_daemon.extension_door.door.BODY_S", 0.2)
    port = int(extension.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"POST /extension/pair HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: {CHROMIUM}\r\n"
    writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
    async with asyncio.timeout(5):
        assert (await reader.readline()).startswith(b"HTTP/1.1 408")
    writer.close()


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return min(int(probe.getsockname()[1]), 65_000)
