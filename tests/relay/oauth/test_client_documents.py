"""Clients whose id is the address of their document: who is believed, for how long, and what ends them."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from document_server import HOST, DocumentServer, arrived
from paired_relay import Laptop, PairedRelay
from registered_clients import LOOPBACK, mcp_code, mcp_redeem, mcp_tokens, status_at

from deskbell_relay.oauth import client_documents
from deskbell_relay.oauth.client_documents import DocumentError, Documents, problem_with_id

CALLBACK = f"https://{HOST}/callback"


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
