"""Nobody but a client of this user gets anything from the loopback API, on any route."""

import asyncio
import json
import re

import aiohttp
import pytest
from aiohttp import web

from deskbell_daemon.local.address import LocalAddress, prove
from deskbell_daemon.local.client import LocalClient
from deskbell_daemon.local.face import Face
from deskbell_daemon.local.guard import OPEN_PATHS
from deskbell_daemon.local.routes import Routes
from deskbell_wire.errors import Problem

ROUTES = [
    (route.method, re.sub(r"\{id[^}]*\}?\}", "cmd_x", route.path))
    for route in Routes(Face, "x" * 32, str).table()  # type: ignore[arg-type]
]
GUARDED = [route for route in ROUTES if route[1] not in OPEN_PATHS]


@pytest.fixture
async def api(relay, paired, start):
    async with start(paired) as daemon, aiohttp.ClientSession() as http:
        yield daemon, LocalAddress.read(paired.local_file), http


async def _code(http, method, url, **request):
    async with http.request(method, url, allow_redirects=False, **request) as response:
        assert "Access-Control-Allow-Origin" not in response.headers
        return response.status, (await response.json(content_type=None) or {}).get("code")


def test_the_table_is_whole():
    assert len(ROUTES) >= 25
    assert not any("{" in path for _, path in ROUTES)


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "localhost:1", "127.0.0.1:80", "0.0.0.0:PORT", "127.0.0.1:PORT.evil"]
)
async def test_a_foreign_host_gets_nothing_on_every_route(api, host):
    _, address, http = api
    headers = {"Host": host.replace("PORT", str(address.port)), "Authorization": f"Bearer {address.token}"}
    for method, path in ROUTES:
        assert await _code(http, method, address.url + path, headers=headers, json={}) == (403, "foreign_host"), path


async def test_no_or_a_wrong_token_gets_nothing_on_every_route(api):
    _, address, http = api
    for method, path in GUARDED:
        assert await _code(http, method, address.url + path, json={}) == (401, "missing_token"), path
        for given in ("Bearer wrong", "Bearer ", f"Basic {address.token}", address.token, f"Bearer {address.token}x"):
            status, code = await _code(http, method, address.url + path, json={}, headers={"Authorization": given})
            assert (status, code) in {(401, "invalid_token"), (401, "missing_token")}, (path, given)
        status, _ = await _code(http, method, f"{address.url}{path}?token={address.token}", json={})
        assert status == 401


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:1", "chrome-extension://abc", "https://127.0.0.1:PORT"]
)
async def test_a_foreign_origin_gets_nothing_on_every_route(api, origin):
    _, address, http = api
    headers = {"Origin": origin.replace("PORT", str(address.port)), "Authorization": f"Bearer {address.token}"}
    for method, path in ROUTES:
        assert await _code(http, method, address.url + path, headers=headers, json={}) == (403, "foreign_origin"), path


async def test_a_form_does_nothing_on_every_route(api):
    daemon, address, http = api
    headers = {"Authorization": f"Bearer {address.token}"}
    for method, path in GUARDED:
        if method == "GET":
            continue
        for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"):
            answer = await _code(
                http, method, address.url + path, data=b"{}", headers={**headers, "Content-Type": kind}
            )
            assert answer == (415, "unsupported_media_type"), (path, kind)
        assert (await _code(http, method, address.url + path, data=b"a=b"))[0] == 401
    assert not daemon.stopping.is_set()
    assert (await daemon.status())["paused"] is False


async def test_a_preflight_gets_no_permission(api):
    _, address, http = api
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    async with http.options(f"{address.url}/v1/pause", headers=headers) as response:
        assert response.status == 403
        assert not [name for name in response.headers if name.lower().startswith("access-control")]


async def test_it_listens_on_loopback_alone_and_its_file_is_private(api, paired):
    _, address, _ = api
    assert paired.local_file.stat().st_mode & 0o777 == 0o600
    assert address.token not in paired.state_file.read_text()


async def test_what_is_not_there_and_what_is_malformed(api):
    _, address, http = api
    headers = {"Authorization": f"Bearer {address.token}"}
    assert await _code(http, "GET", f"{address.url}/v1/nothing", headers=headers) == (404, "not_found")
    assert await _code(http, "GET", f"{address.url}/v1/pause", headers=headers) == (405, "method_not_allowed")
    for body in (b"{", b"[]", b"\xff", b"[" * 100_000):
        answer = await _code(
            http,
            "POST",
            f"{address.url}/v1/requests/cmd_x/approve",
            data=body,
            headers={**headers, "Content-Type": "application/json"},
        )
        assert answer == (400, "malformed_json"), body[:5]
    for limit in ("0", "x", "-1", "99999999", "1e3"):
        assert (await _code(http, "GET", f"{address.url}/v1/log?limit={limit}", headers=headers))[0] == 400
    assert await _code(
        http, "POST", f"{address.url}/v1/requests/cmd_x/approve", json={"for": "ever"}, headers=headers
    ) == (400, "malformed_request")
    assert await _code(http, "POST", f"{address.url}/v1/requests/cmd_x/approve", json={}, headers=headers) == (
        404,
        "request_not_found",
    )
    assert (
        await _code(http, "POST", f"{address.url}/v1/relay/approvals/..%2f..%2fx/approve", json={}, headers=headers)
    )[0] == 404


async def test_proof_is_given_to_all_and_the_token_to_none(api):
    _, address, http = api
    nonce = "n" * 20
    async with http.get(f"{address.url}/v1/proof?nonce={nonce}") as response:
        text = await response.text()
    assert json.loads(text) == {"proof": prove(address.token, nonce)}
    assert address.token not in text
    for bad in ("", "short", "x" * 129, "white space is not allowed"):
        assert (await _code(http, "GET", f"{address.url}/v1/proof", params={"nonce": bad}))[0] == 400


@pytest.mark.parametrize("answer", [{"proof": "0" * 64}, {}, [], "text"])
async def test_a_squatter_on_the_port_never_sees_the_token(places, answer):
    seen = []

    async def squat(request):
        seen.append(request.headers.get("Authorization"))
        return web.json_response(answer)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", squat)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    LocalAddress(port=runner.addresses[0][1], token="t" * 40, pid=1).write(places.local_file)
    with pytest.raises(Problem) as raised:
        async with LocalClient(places):
            pass
    await runner.cleanup()
    assert raised.value.code == "daemon_not_genuine"
    assert seen == [None]


async def test_a_port_that_speaks_something_else_is_not_the_daemon(places):
    server = await asyncio.start_server(lambda _, writer: writer.write(b"SSH-2.0-x\r\n"), "127.0.0.1", 0)
    LocalAddress(port=server.sockets[0].getsockname()[1], token="t" * 40, pid=1).write(places.local_file)
    with pytest.raises(Problem) as raised:
        async with LocalClient(places):
            pass
    server.close()
    assert raised.value.code == "daemon_not_genuine"


async def test_no_daemon_is_a_sentence(places):
    with pytest.raises(Problem) as raised:
        async with LocalClient(places):
            pass
    assert raised.value.code == "daemon_not_running"
    LocalAddress(port=1, token="t" * 40, pid=1).write(places.local_file)
    with pytest.raises(Problem) as raised:
        async with LocalClient(places):
            pass
    assert raised.value.code == "daemon_not_running"
