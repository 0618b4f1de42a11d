"""Clients whose id is the address of their document: what is fetched, what is believed, and what strangers cannot do."""

import asyncio
import time
from collections.abc import AsyncIterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from document_server import HOST, DocumentServer, Names
from paired_relay import Laptop, PairedRelay, Tab
from registered_clients import LOOPBACK, PKCE, mcp_code, mcp_redeem, mcp_tokens, status_at

from deskbell_relay.oauth import client_documents
from deskbell_relay.oauth.client_documents import DocumentError, Documents, problem_with_id
from deskbell_relay.oauth.fetcher import Fetcher, FetchError, is_public

CALLBACK = f"https://{HOST}/callback"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[DocumentServer]:
    """A server of documents."""
    server = await DocumentServer(tmp_path).start()
    yield server
    await server.stop()


@pytest.fixture
def documents(relay: PairedRelay, server: DocumentServer) -> Documents:
    """The relay's documents, which may reach that server."""
    found = relay.core.identity.documents
    found.fetcher = server.fetcher()
    return found


async def arrived(relay: PairedRelay, client_id: str, redirect_uri: str = CALLBACK) -> tuple[int, Tab]:
    tab = relay.tab()
    answer = await tab.authorize(client_id=client_id, redirect_uri=redirect_uri, **PKCE)
    return answer.status, tab


def expire(documents: Documents) -> None:
    """As if the time for which documents are kept were over."""
    for kept in documents._kept.values():
        kept.until = 0


async def test_a_documented_client_comes_all_the_way(
    relay: PairedRelay, laptop: Laptop, server: DocumentServer, documents: Documents
) -> None:
    client_id = server.put()
    tokens = await mcp_tokens(laptop, client_id, CALLBACK)
    assert await status_at(relay, "mcp", tokens["access_token"]) not in (401, 403)
    [grant] = (await laptop.call("GET", "/v1/grants"))[1]["grants"]
    assert grant["name"] == "A Documented Client"
    assert server.hits == ["/client.json"], "fetched once, then kept"
    sent = {name.lower(): value for name, value in server.headers[0].items()}
    assert sent.keys() <= {"host", "accept", "accept-encoding", "user-agent", "connection"}, (
        "nothing of ours goes along"
    )


async def test_the_host_of_the_document_stands_before_the_name_and_where_the_answer_goes_is_said(
    relay: PairedRelay, laptop: Laptop, server: DocumentServer, documents: Documents
) -> None:
    client_id = server.put(client_name="Claude", redirect_uris=["http://localhost/callback"])
    status, tab = await arrived(relay, client_id, "http://localhost:50001/callback")
    assert status == 200
    host = f"{HOST}:{server.port}"
    assert tab.html.index(host) < tab.html.index("a program on the computer where this page is open (localhost)")
    assert tab.html.index("(localhost)") < tab.html.index("Claude")
    await tab.enter(await laptop.connect_code())
    [approval] = (await laptop.call("GET", "/v1/approvals"))[1]["approvals"]
    assert (approval["host"], approval["name"]) == (f"{host} via localhost", "Claude")


async def test_an_app_is_called_the_one_that_opens_its_links(
    relay: PairedRelay, server: DocumentServer, documents: Documents
) -> None:
    uri = "cursor://anysphere.cursor-mcp/oauth/callback"
    _, tab = await arrived(relay, server.put(redirect_uris=[uri]), uri)
    assert "the app that opens cursor: links" in tab.html


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"client_id": "https://claude.ai/client.json"}, "names another client_id"),
        ({"client_id": None}, "names another client_id"),
        ({"token_endpoint_auth_method": "client_secret_post"}, "token_endpoint_auth_method"),
        ({"client_secret": "s"}, "holds a secret"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "javascript:alert(1)"),
        ({"redirect_uris": ["https://*.example/"]}, "wildcard"),
        ({"redirect_uris": []}, "redirect_uris"),
        ({"client_name": "x" * 201}, "client_name"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "jwks"),
        ({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "http://a.example/"}, "jwks"),
    ],
)
async def test_a_document_that_will_not_do_is_refused_with_its_reason(
    relay: PairedRelay, server: DocumentServer, documents: Documents, changes: dict[str, Any], why: str
) -> None:
    status, tab = await arrived(relay, server.put(**changes))
    assert (status, why in tab.html) == (400, True), tab.html
    status, error = await mcp_redeem(relay, "code", server.url())
    assert (status, error["error"]) == (401, "invalid_client")
    assert why in error["error_description"]


async def test_an_address_that_the_document_does_not_have_gets_a_page(
    relay: PairedRelay, server: DocumentServer, documents: Documents
) -> None:
    status, tab = await arrived(relay, server.put(), "https://evil.example/callback")
    assert (status, "not registered" in tab.html) == (400, True)


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


async def test_a_code_is_worth_nothing_when_the_document_no_longer_has_its_address(
    relay: PairedRelay, laptop: Laptop, server: DocumentServer, documents: Documents
) -> None:
    client_id = server.put()
    code = await mcp_code(laptop, client_id, CALLBACK)
    server.put(redirect_uris=["https://client.example/other"])
    expire(documents)
    status, error = await mcp_redeem(relay, code, client_id, redirect_uri=CALLBACK)
    assert (status, error["error"]) == (400, "invalid_grant")
    assert "no longer" in error["error_description"]
    assert (await laptop.call("GET", "/v1/grants"))[1]["grants"] == []


async def test_a_grant_keeps_the_name_that_was_approved(
    relay: PairedRelay, laptop: Laptop, server: DocumentServer, documents: Documents
) -> None:
    client_id = server.put()
    tokens = await mcp_tokens(laptop, client_id, CALLBACK)
    server.put(client_name="Your bank")
    expire(documents)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": client_id}
    assert (await relay.post("/oauth/token", form=form))[0] == 200
    [grant] = (await laptop.call("GET", "/v1/grants"))[1]["grants"]
    assert grant["name"] == "A Documented Client"


async def test_a_server_that_fails_for_a_while_ends_no_grant(
    relay: PairedRelay, laptop: Laptop, server: DocumentServer, documents: Documents
) -> None:
    client_id = server.put()
    tokens = await mcp_tokens(laptop, client_id, CALLBACK)

    async def broken(_: web.Request) -> web.StreamResponse:
        return web.Response(status=503)

    server.answers["/client.json"] = broken
    expire(documents)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": client_id}
    status, tokens = await relay.post("/oauth/token", form=form)
    assert status == 200, "what was known still holds"
    documents._kept.clear()  # as after a restart
    form["refresh_token"] = tokens["refresh_token"]
    status, error = await relay.post("/oauth/token", form=form)
    assert (status, error["error"]) == (503, "temporarily_unavailable"), "not invalid_client: it would be given up"
    documents._kept.clear()
    server.put()
    assert (await relay.post("/oauth/token", form=form))[0] == 200


async def test_a_withdrawn_document_ends_its_client(
    relay: PairedRelay, laptop: Laptop, server: DocumentServer, documents: Documents
) -> None:
    client_id = server.put()
    tokens = await mcp_tokens(laptop, client_id, CALLBACK)
    server.answers.clear()
    expire(documents)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": client_id}
    status, error = await relay.post("/oauth/token", form=form)
    assert (status, error["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 300),
        ("no-store", 300),
        ("max-age=1", 300),
        ("public, max-age=3600", 3_600),
        ("max-age=999999999", 86_400),
        ("s-maxage=7", 300),
    ],
)
async def test_a_document_is_kept_as_long_as_its_server_says_within_bounds(
    server: DocumentServer, documents: Documents, header: str | None, seconds: int
) -> None:
    client_id = server.put(headers=None if header is None else {"Cache-Control": header})
    await documents.find(client_id)
    assert documents._kept[client_id].until - time.monotonic() == pytest.approx(seconds, abs=5)


async def test_a_failure_is_kept_for_a_minute(server: DocumentServer, documents: Documents) -> None:
    for _ in range(3):
        with pytest.raises(DocumentError):
            await documents.find(server.url("/nothing.json"))
    assert server.hits == ["/nothing.json"]
    assert documents._kept[server.url("/nothing.json")].until - time.monotonic() == pytest.approx(60, abs=5)


async def test_fifty_at_once_fetch_once(server: DocumentServer, documents: Documents) -> None:
    client_id = server.put()
    found = await asyncio.gather(*(documents.find(client_id) for _ in range(50)))
    assert (len({client.id for client in found if client}), server.hits) == (1, ["/client.json"])


async def test_what_is_kept_has_a_bound(
    server: DocumentServer, documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_documents, "MOST_KEPT", 2)
    names = [server.put(f"/{number}.json") for number in range(3)]
    await documents.find(names[0])
    await documents.find(names[1])
    await documents.find(names[0])
    await documents.find(names[2])
    assert list(documents._kept) == [names[0], names[2]], "the longest unused goes first"


async def test_one_host_is_not_asked_more_often_than_its_rate(tmp_path: Path, server: DocumentServer) -> None:
    relay = await PairedRelay(tmp_path / "relay", documents_rate="5/hour").start()
    try:
        relay.core.identity.documents.fetcher = server.fetcher()
        answers = [(await arrived(relay, server.put(f"/{number}.json")))[0] for number in range(8)]
        assert answers == [200] * 5 + [429] * 3
        assert len(server.hits) == 5
        status, error = await mcp_redeem(relay, "code", server.url("/9.json"))
        assert (status, error["error"]) == (503, "temporarily_unavailable")
    finally:
        await relay.stop()


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


@pytest.mark.parametrize(
    "client_id",
    [
        "https://client.example",
        "https://client.example/a/../b",
        "https://client.example/./b",
        "https://client.example/%2e%2e/b",
        "https://client.example/%2E./b",
        "https://client.example/b#x",
        "https://me@client.example/b",
        "https://me:you@client.example/b",
        "https://client.example:0/b",
        "https://client.example:99999/b",
        "https:///b",
        "https://client.example\\@evil.example/b",
        "https://cli\u0435nt.example/b",
        "https://client.example/b c",
        "https://client.example/" + "x" * 500,
    ],
)
async def test_an_address_of_another_form_is_no_client_and_nothing_is_fetched(
    relay: PairedRelay, documents: Documents, client_id: str
) -> None:
    assert problem_with_id(client_id) is not None
    status, tab = await arrived(relay, client_id)
    assert (status, tab.session.closed) == (400, False)
    assert documents._kept == {}


async def test_http_is_no_client(relay: PairedRelay, documents: Documents) -> None:
    assert (await arrived(relay, "http://client.example/client.json", LOOPBACK))[0] == 400
    assert documents._kept == {}


async def test_no_proxy_of_the_environment_is_used(
    server: DocumentServer, documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert await documents.find(server.put()) is not None


async def test_a_waiter_who_leaves_takes_the_document_from_nobody(server: DocumentServer, documents: Documents) -> None:
    asked, go = asyncio.Event(), asyncio.Event()
    client_id = server.put()
    good = server.answers["/client.json"]

    async def later(request: web.Request) -> web.StreamResponse:
        asked.set()
        await go.wait()
        return await good(request)

    server.answers["/client.json"] = later
    first = asyncio.create_task(documents.find(client_id))
    second = asyncio.create_task(documents.find(client_id))
    await asked.wait()
    first.cancel()
    go.set()
    assert await second is not None
    assert first.cancelled()
    assert server.hits == ["/client.json"]
