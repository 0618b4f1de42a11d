"""What stands before the protocol: tokens, scopes, hosts, origins, and messages that are none."""

import asyncio
import json
from typing import Any

import pytest
from assistants import Assistant, connect
from mcp_door import desk, plugged_in, posted, request
from paired_relay import Laptop, PairedRelay

INITIALIZE = request(
    "initialize",
    {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "by hand", "version": "1"}},
)


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
async def test_without_a_token_the_client_hears_where_to_get_one(relay: PairedRelay, method: str) -> None:
    async with relay.session.request(method, f"{relay.url}/mcp", headers={"Accept": "*/*"}) as answer:
        assert answer.status == 401
        challenge = answer.headers["WWW-Authenticate"]
    assert f'resource_metadata="{relay.url}/.well-known/oauth-protected-resource/mcp"' in challenge
    async with relay.session.get(f"{relay.url}/.well-known/oauth-protected-resource/mcp") as answer:
        assert (await answer.json())["resource"] == f"{relay.url}/mcp"


async def test_a_token_of_one_door_opens_no_other(laptop: Laptop, assistant: Assistant) -> None:
    gpt = await connect(laptop)
    assert (await posted(assistant, INITIALIZE, token=gpt.access_token))[0] == 401
    assert (await posted(assistant, INITIALIZE, token=laptop.access_token))[0] == 401
    headers = {"Authorization": f"Bearer {assistant.access_token}"}
    for path in ("/actions/listDevices", "/v1/stream-ticket"):
        async with laptop.relay.session.post(laptop.relay.url + path, json={}, headers=headers) as answer:
            assert answer.status == 401, path


async def test_a_revoked_grant_is_out_at_once(laptop: Laptop, assistant: Assistant) -> None:
    assert (await posted(assistant, INITIALIZE))[0] == 200
    _, grants = await laptop.call("GET", "/v1/grants")
    await laptop.call("DELETE", f"/v1/grants/{grants['grants'][0]['id']}")
    status, problem, _ = await posted(assistant, INITIALIZE)
    assert (status, problem["code"]) == (401, "revoked_token")


@pytest.mark.parametrize(
    ("message", "missing"),
    [
        (request("tools/call", {"name": "create_note", "arguments": {"title": "x"}}), "notes:write"),
        (request("tools/call", {"name": "list_devices"}), "devices:read"),
    ],
)
async def test_a_scope_that_was_not_granted_is_asked_for_with_those_that_were(
    laptop: Laptop, message: dict[str, Any], missing: str
) -> None:
    assistant = await plugged_in(laptop, scope="notes:read")
    status, problem, headers = await posted(assistant, message)
    assert (status, problem["code"], problem["scope"]) == (403, "insufficient_scope", missing)
    challenge = headers["WWW-Authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert f'scope="notes:read {missing}"' in challenge
    assert "resource_metadata=" in challenge
    assert (await posted(assistant, request("tools/list")))[0] == 200


async def test_reading_notes_as_resources_needs_the_right_to_read(laptop: Laptop) -> None:
    assistant = await plugged_in(laptop, scope="notes:write")
    for method in ("resources/list", "resources/read"):
        status, problem, _ = await posted(assistant, request(method, {"uri": "note:///a.md"}))
        assert (status, problem["scope"]) == (403, "notes:read")


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("Host", "evil.example", "foreign_host"),
        ("Host", "127.0.0.1:1", "foreign_host"),
        ("Origin", "http://evil.example", "foreign_origin"),
        ("Origin", "http://127.0.0.1.evil.example", "foreign_origin"),
        ("Origin", "file://", "foreign_origin"),
        ("Origin", "null", "foreign_origin"),
    ],
)
async def test_another_name_and_a_page_that_anybody_may_have_written_are_refused(
    assistant: Assistant, header: str, value: str, code: str
) -> None:
    status, problem, _ = await posted(assistant, INITIALIZE, **{header: value})
    assert (status, problem["code"]) == (403, code)
    assert (await posted(assistant, INITIALIZE, Origin=assistant.relay.url))[0] == 200


@pytest.mark.parametrize(
    "origin", ["https://client.example", "http://localhost:6274", f"chrome-extension://{'a' * 32}"]
)
async def test_a_client_in_a_page_of_another_site_is_let_in_by_its_token_alone(
    assistant: Assistant, origin: str
) -> None:
    status, _, headers = await posted(assistant, INITIALIZE, Origin=origin)
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, "*")
    assert {"Mcp-Session-Id", "Mcp-Protocol-Version", "WWW-Authenticate"} <= set(
        headers["Access-Control-Expose-Headers"].split(", ")
    )
    assert "Access-Control-Allow-Credentials" not in headers
    status, _, headers = await posted(assistant, INITIALIZE, token="", Origin=origin)
    assert (status, headers["Access-Control-Allow-Origin"]) == (401, "*")
    assert "resource_metadata=" in headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, -32700),
        (b"", 400, -32700),
        (b'{"jsonrpc":"2.0","id":NaN,"method":"ping"}', 400, -32700),
        (b"\xff\xfe", 400, -32700),
        (b"[]", 400, -32600),
        (b"7", 400, None),
        (b'{"id":1}', 400, None),
        (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', 400, None),
        (b'{"jsonrpc":"2.0","id":{"a":1},"method":"ping"}', 400, None),
        (b"[" * 1000 + b"]" * 1000, 400, "body_too_deep"),
        (b'"' + b"a" * 100_001 + b'"', 413, "body_too_large"),
    ],
)
async def test_what_is_no_message_is_refused_with_its_reason(
    assistant: Assistant, body: bytes, status: int, code: int | str | None
) -> None:
    answered, document, _ = await posted(assistant, body)
    assert answered == status, document
    found = document.get("code") or document["error"]["code"]
    assert code is None or found == code


async def test_an_unknown_method_and_a_wrong_type_are_errors_of_the_request(assistant: Assistant) -> None:
    status, document, _ = await posted(assistant, request("tools/destroy"))
    assert document["error"]["code"] == -32601, status
    _, document, _ = await posted(assistant, request("tools/call", {"name": 7}))
    assert document["error"]["code"] == -32602


async def test_another_content_type_is_refused(assistant: Assistant) -> None:
    status, problem, _ = await posted(assistant, INITIALIZE, Content_Type="text/plain")
    assert (status, problem["code"]) == (415, "unsupported_media_type")


async def test_a_response_that_nobody_asked_for_is_taken_and_forgotten(assistant: Assistant) -> None:
    assert (await posted(assistant, {"jsonrpc": "2.0", "id": 9, "result": {}}))[0] == 202


async def test_a_revision_that_nobody_knows_is_told_which_are_served(assistant: Assistant) -> None:
    status, document, _ = await posted(assistant, request("tools/list"), MCP_Protocol_Version="2031-01-01")
    assert status == 400
    assert "2026-07-28" in json.dumps(document)


async def test_a_batch_is_answered_in_its_revision_and_refused_in_later_ones(
    assistant: Assistant, laptop: Laptop
) -> None:
    batch = [
        request("ping", number=1),
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        request("tools/call", {"name": "create_note", "arguments": {"title": "x"}, "_meta": {"progressToken": 1}}, 2),
    ]
    async with desk(laptop):
        status, answers, _ = await posted(assistant, batch, MCP_Protocol_Version="2025-03-26")
    assert status == 200
    assert [answer["id"] for answer in answers] == [1, 2]
    assert answers[1]["result"]["structuredContent"]["status"] == "done"
    status, document, _ = await posted(assistant, batch, MCP_Protocol_Version="2025-11-25")
    assert (status, document["error"]["code"]) == (400, -32600)
    assert "knows no batches" in document["error"]["message"]
    status, document, _ = await posted(assistant, [request("ping")] * 11)
    assert (status, document["error"]["code"]) == (400, -32600)


async def test_a_session_is_a_name_that_any_process_takes(assistant: Assistant) -> None:
    _, document, headers = await posted(assistant, INITIALIZE)
    assert document["result"]["protocolVersion"] == "2025-11-25"
    session = headers["Mcp-Session-Id"]
    for name in (session, "made up", ""):
        status, document, _ = await posted(assistant, request("tools/list"), Mcp_Session_Id=name)
        assert (status, len(document["result"]["tools"]) > 9) == (200, True)
    headers = {"Authorization": f"Bearer {assistant.access_token}", "Mcp-Session-Id": session}
    async with assistant.relay.session.delete(f"{assistant.relay.url}/mcp", headers=headers) as answer:
        assert answer.status == 204


async def test_a_get_of_the_stateless_revision_is_told_to_post(assistant: Assistant) -> None:
    headers = {"Authorization": f"Bearer {assistant.access_token}", "Accept": "text/event-stream"}
    address = f"{assistant.relay.url}/mcp"
    async with assistant.relay.session.get(address, headers=headers | {"MCP-Protocol-Version": "2026-07-28"}) as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")
    async with assistant.relay.session.get(address, headers=headers | {"Accept": "application/json"}) as answer:
        assert (answer.status, (await answer.json())["code"]) == (406, "not_acceptable")


async def test_a_relay_that_stops_answers_open_calls_and_takes_no_new_ones(
    assistant: Assistant, laptop: Laptop, relay: PairedRelay
) -> None:
    message = request("tools/call", {"name": "create_note", "arguments": {"title": "x"}})
    async with desk(laptop, lambda _: None) as machine:
        call = asyncio.create_task(posted(assistant, message))
        await machine.until(lambda: bool(machine.commands))
        relay.core.settings = relay.settings.model_copy(update={"drain_s": 0.1})
        await relay.core.drain()
        status, document, _ = await call
        assert status == 200
        # What was written to the stream is noted each 0.1 s, as long as a drain may take here.
        assert document["result"]["structuredContent"]["status"] in ("queued", "delivered")
        assert (await posted(assistant, INITIALIZE))[0] == 503


async def test_a_slow_answer_opens_its_response_at_once_and_a_quick_one_is_plain(
    assistant: Assistant, laptop: Laptop
) -> None:
    message = request("tools/call", {"name": "create_note", "arguments": {"title": "x"}})
    async with desk(laptop, lambda _: None) as machine:
        headers = {"Authorization": f"Bearer {assistant.access_token}", "Accept": "application/json, text/event-stream"}
        async with laptop.relay.session.post(f"{laptop.relay.url}/mcp", json=message, headers=headers) as answer:
            assert (answer.status, answer.content_type) == (200, "text/event-stream")
            assert await answer.content.readany() == b": ping\n\n"
            await machine.until(lambda: bool(machine.commands))
            await machine.report(machine.commands[0]["id"], {"status": "done", "output": {}})
            document = json.loads((await answer.text()).partition("data: ")[2])
            assert document["result"]["structuredContent"]["status"] == "done"
        _, _, plain = await posted(assistant, request("tools/call", {"name": "list_devices"}))
        assert plain["Content-Type"].startswith("application/json")
        # A client that takes no stream waits for the one answer.
        machine.answer = lambda _: {"status": "done", "output": {}}
        status, _, plain = await posted(assistant, message, Accept="application/json")
        assert (status, plain["Content-Type"].partition(";")[0]) == (200, "application/json")
