"""A stranger chose the address: what the relay reads from there, and what it never connects to."""

import asyncio
import time
from ipaddress import ip_address

import pytest
from aiohttp import web
from document_server import DocumentServer, Names, arrived
from paired_relay import PairedRelay

from deskbell_relay.oauth.client_documents import Documents
from deskbell_relay.oauth.fetcher import Fetcher, FetchError, is_public


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_document_that_redirects_is_not_followed(
    relay: PairedRelay, server: DocumentServer, documents: Documents, status: int
) -> None:
    server.put("/good.json")

    async def redirect(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": server.url("/good.json")})

    server.answers["/client.json"] = redirect
    code, tab = await arrived(relay, server.url())
    assert (code, "it is a redirect" in tab.html) == (400, True)
    assert server.hits == ["/client.json"]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "239.1.2.3",
        "240.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
        "ff0e::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
        "2002:a00:1::",
    ],
)
def test_an_address_that_is_not_of_the_public_internet_is_never_connected_to(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "64:ff9b::101:101", "::ffff:8.8.8.8"])
def test_the_public_internet_is_reachable(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
async def test_a_name_that_resolves_to_a_private_address_is_refused(
    relay: PairedRelay, server: DocumentServer, address: str
) -> None:
    relay.core.identity.documents.fetcher = server.fetcher(Names(address), permits=is_public)
    status, tab = await arrived(relay, server.put())
    assert (status, "not on the public internet" in tab.html) == (400, True)
    assert server.hits == []


async def test_the_relay_as_it_ships_reaches_nothing_on_its_own_machine(
    relay: PairedRelay, server: DocumentServer
) -> None:
    for host in ("127.0.0.1", "localhost", "[::1]"):
        status, tab = await arrived(relay, f"https://{host}:{server.port}/client.json")
        assert (status, "cannot be used" in tab.html) == (400, True)
    assert server.hits == []


async def test_a_name_that_resolves_anew_gains_nothing(
    relay: PairedRelay, server: DocumentServer, documents: Documents
) -> None:
    names = Names("127.0.0.1", "127.0.0.2", "127.0.0.1")  # the second is private to this fetcher
    documents.fetcher = server.fetcher(names)
    client_id = server.put()
    assert (await arrived(relay, client_id))[0] == 200
    assert names.asked == 1, "what is checked is what is connected to: no second look-up in between"
    with pytest.raises(FetchError, match="public internet"):
        await documents.fetcher.fetch(client_id)
    assert (names.asked, server.hits) == (2, ["/client.json"])


async def test_a_document_of_100_mb_is_cut_off_at_ten_kilobytes(
    relay: PairedRelay, server: DocumentServer, documents: Documents
) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for _ in range(1_600):
            await response.write(b" " * 65_536)
            sent += 65_536
        return response

    server.answers["/client.json"] = endless
    status, tab = await arrived(relay, server.url())
    assert (status, "larger than 10,000 bytes" in tab.html) == (400, True)
    assert sent < 10_000_000, "what was on its way, and no more"


async def test_a_bomb_is_not_unpacked(relay: PairedRelay, server: DocumentServer, documents: Documents) -> None:
    server.put(headers={"Content-Encoding": "gzip"})
    status, tab = await arrived(relay, server.url())
    assert (status, "compressed" in tab.html) == (400, True)


async def test_a_slow_document_ends_at_the_deadline(
    relay: PairedRelay, server: DocumentServer, documents: Documents
) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.02)

    documents.fetcher = server.fetcher(timeout_s=0.3)
    server.answers["/client.json"] = slow
    started = time.monotonic()
    status, tab = await arrived(relay, server.url())
    assert (status, "within 0.3 seconds" in tab.html) == (400, True)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("kind", "text", "why"),
    [
        ("text/html", "{}", "not application/json"),
        ("application/json", "[]", "no JSON object"),
        ("application/json", "{", "no JSON object"),
        ("application/json", '{"a":' * 500 + "1" + "}" * 500, "no JSON object"),
    ],
)
async def test_what_is_no_json_object_is_refused(
    relay: PairedRelay, server: DocumentServer, documents: Documents, kind: str, text: str, why: str
) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text=text, content_type=kind)

    server.answers["/client.json"] = answer
    status, tab = await arrived(relay, server.url())
    assert (status, why in tab.html) == (400, True)


async def test_a_certificate_of_nobody_is_not_believed(relay: PairedRelay, server: DocumentServer) -> None:
    relay.core.identity.documents.fetcher = server.fetcher(context=None)
    status, tab = await arrived(relay, server.put())
    assert (status, "cannot be reached over https" in tab.html) == (400, True)
    assert server.hits == []


async def test_no_more_than_so_many_are_fetched_at_once(server: DocumentServer) -> None:
    now = most = 0
    both = asyncio.Event()

    async def counted(_: web.Request) -> web.StreamResponse:
        nonlocal now, most
        now += 1
        most = max(most, now)
        if now == 2:
            both.set()
        await both.wait()
        await asyncio.sleep(0)
        now -= 1
        return web.json_response({})

    server.answers = {f"/{number}": counted for number in range(6)}
    fetcher: Fetcher = server.fetcher(at_once=2)
    await asyncio.gather(*(fetcher.fetch(server.url(f"/{number}")) for number in range(6)))
    assert most == 2


async def test_no_proxy_of_the_environment_is_used(
    server: DocumentServer, documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert await documents.find(server.put()) is not None
