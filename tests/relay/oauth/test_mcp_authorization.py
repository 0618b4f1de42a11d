"""Authorization as an MCP client expects it: the challenge, the audience, one door a token."""

import asyncio
from typing import Any

import pytest
from assistants import Assistant, code_for, redeem
from assistants import connect as connect_gpt
from paired_relay import CALLBACK, Laptop, PairedRelay
from registered_clients import LOOPBACK, PKCE, mcp_code, mcp_redeem, mcp_tokens, registered, status_at

from deskbell_wire.actions import SCOPES


@pytest.fixture
async def client_id(relay: PairedRelay) -> str:
    """A client that registered itself."""
    found: str = (await registered(relay))["client_id"]
    return found


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("token", [None, "x"])
async def test_the_challenge_leads_to_the_metadata_and_names_the_scopes(
    relay: PairedRelay, method: str, token: str | None
) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with relay.session.request(method, f"{relay.url}/mcp", headers=headers) as answer:
        challenge = answer.headers["WWW-Authenticate"]
        assert answer.status == 401
    metadata = f"{relay.url}/.well-known/oauth-protected-resource/mcp"
    assert challenge.startswith(f'Bearer resource_metadata="{metadata}", scope="{" ".join(SCOPES)}"')
    assert ("invalid_token" in challenge) == (token is not None)
    async with relay.session.get(metadata) as answer:
        document = await answer.json()
    assert (document["resource"], document["scopes_supported"]) == (f"{relay.url}/mcp", list(SCOPES))


async def test_the_server_says_how_clients_come(relay: PairedRelay) -> None:
    async with relay.session.get(f"{relay.url}/.well-known/oauth-authorization-server") as answer:
        server = await answer.json()
    assert server["registration_endpoint"] == f"{relay.url}/oauth/register"
    assert server["client_id_metadata_document_supported"] is True


async def test_there_is_one_document_of_the_server(relay: PairedRelay) -> None:
    async with relay.session.get(f"{relay.url}/.well-known/openid-configuration") as answer:
        assert answer.status == 404, "we give no id tokens, and clients read the other document first"


@pytest.mark.parametrize("resource", [None, "", "/", "/mcp", "/mcp/"])
async def test_a_client_that_registered_itself_gets_a_token_for_the_mcp_door_alone(
    relay: PairedRelay, laptop: Laptop, client_id: str, resource: str | None
) -> None:
    changes = {} if resource is None else {"resource": relay.url + resource}
    status, tokens = await mcp_redeem(relay, await mcp_code(laptop, client_id, **changes), client_id, **changes)
    assert status == 200, tokens
    assert await status_at(relay, "mcp", tokens["access_token"]) not in (401, 403)
    assert await status_at(relay, "actions", tokens["access_token"]) == 401


async def test_a_token_of_the_gpt_action_opens_no_mcp_door(relay: PairedRelay, laptop: Laptop) -> None:
    gpt = await connect_gpt(laptop)
    assert await status_at(relay, "actions", gpt.access_token) == 200
    assert await status_at(relay, "mcp", gpt.access_token) == 401
    assert await status_at(relay, "mcp", laptop.access_token) == 401


async def test_a_client_may_name_the_other_door(relay: PairedRelay, laptop: Laptop, client_id: str) -> None:
    resource = {"resource": f"{relay.url}/actions"}
    status, tokens = await mcp_redeem(relay, await mcp_code(laptop, client_id, **resource), client_id, **resource)
    assert status == 200, tokens
    assert await status_at(relay, "actions", tokens["access_token"]) == 200


async def test_the_resource_is_compared_as_mcp_says(relay: PairedRelay, laptop: Laptop, client_id: str) -> None:
    written = relay.url.replace("http://", "HTTP://") + "/mcp"
    code = await mcp_code(laptop, client_id, resource=written)
    assert (await mcp_redeem(relay, code, client_id, resource=f"{relay.url}/mcp"))[0] == 200


@pytest.mark.parametrize("path", ["/mcp/x", "/mcp?x=1", "/mcp#x", "/MCP", "/v1", "//mcp"])
async def test_a_foreign_resource_is_an_invalid_target(relay: PairedRelay, client_id: str, path: str) -> None:
    await refused_target(relay, client_id, relay.url + path)


@pytest.mark.parametrize("resource", ["https://evil.example/mcp", "", "mcp", "http://[", "http:///mcp"])
async def test_so_is_that_of_another_server(relay: PairedRelay, client_id: str, resource: str) -> None:
    await refused_target(relay, client_id, resource)


async def refused_target(relay: PairedRelay, client_id: str, resource: str) -> None:
    tab = relay.tab()
    answer = await tab.authorize(client_id=client_id, redirect_uri=LOOPBACK, resource=resource, **PKCE)
    assert "error=invalid_target" in answer.headers["Location"]


async def test_the_code_is_for_the_resource_that_was_approved(
    relay: PairedRelay, laptop: Laptop, client_id: str
) -> None:
    code = await mcp_code(laptop, client_id)
    status, error = await mcp_redeem(relay, code, client_id, resource=f"{relay.url}/actions")
    assert (status, error["error"]) == (400, "invalid_target")


async def test_a_refresh_for_another_resource_is_refused_and_uses_nothing_up(
    relay: PairedRelay, laptop: Laptop, client_id: str
) -> None:
    tokens = await mcp_tokens(laptop, client_id)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": client_id}
    for path in ("/actions", "/v1", "/elsewhere"):
        status, error = await relay.post("/oauth/token", form=form | {"resource": relay.url + path})
        assert (status, error["error"]) == (400, "invalid_target")
    status, fresh = await relay.post("/oauth/token", form=form | {"resource": f"{relay.url}/mcp"})
    assert (status, await status_at(relay, "actions", fresh["access_token"])) == (200, 401)
    assert await status_at(relay, "mcp", fresh["access_token"]) not in (401, 403)


async def test_a_replayed_code_ends_its_tokens_at_the_mcp_door(
    relay: PairedRelay, laptop: Laptop, client_id: str
) -> None:
    code = await mcp_code(laptop, client_id)
    tokens = (await mcp_redeem(relay, code, client_id))[1]
    assert await status_at(relay, "mcp", tokens["access_token"]) not in (401, 403)
    status, error = await mcp_redeem(relay, code, client_id)
    assert (status, error["error"]) == (400, "invalid_grant")
    assert await status_at(relay, "mcp", tokens["access_token"]) == 401
    gone = Assistant(relay, tokens["access_token"], tokens["refresh_token"])
    assert (await gone.refresh(client_id=client_id, client_secret=""))[1]["error"] == "invalid_grant"


@pytest.mark.parametrize("verifier", ["", "x" * 43, PKCE["code_challenge"]])
async def test_a_downgrade_of_pkce_is_an_invalid_grant(
    relay: PairedRelay, laptop: Laptop, client_id: str, verifier: str
) -> None:
    code = await mcp_code(laptop, client_id)
    status, error = await mcp_redeem(relay, code, client_id, code_verifier=verifier)
    assert (status, error["error"]) == (400, "invalid_grant")


async def test_an_access_token_of_the_mcp_door_can_be_revoked(
    relay: PairedRelay, laptop: Laptop, client_id: str
) -> None:
    tokens = await mcp_tokens(laptop, client_id)
    form = {"token": tokens["access_token"], "client_id": client_id}
    async with relay.session.post(f"{relay.url}/oauth/revoke", data=form) as answer:
        assert answer.status == 200
    assert await status_at(relay, "mcp", tokens["access_token"]) == 401


async def test_an_action_and_a_plugin_live_side_by_side(relay: PairedRelay, laptop: Laptop, client_id: str) -> None:
    gpt, tokens = await connect_gpt(laptop), await mcp_tokens(laptop, client_id)
    grants: list[dict[str, Any]] = (await laptop.call("GET", "/v1/grants"))[1]["grants"]
    assert {grant["host"] for grant in grants} == {"chatgpt.com", "127.0.0.1"}
    [local] = [grant for grant in grants if grant["host"] == "127.0.0.1"]
    await laptop.call("DELETE", f"/v1/grants/{local['id']}")
    statuses = await asyncio.gather(
        status_at(relay, "actions", gpt.access_token), status_at(relay, "mcp", tokens["access_token"])
    )
    assert statuses == [200, 401]


async def test_a_static_client_without_pkce_can_have_the_mcp_door_when_it_asks(
    relay: PairedRelay, laptop: Laptop
) -> None:
    code = await code_for(laptop, resource=f"{relay.url}/mcp")
    status, tokens = await redeem(relay, code, redirect_uri=CALLBACK)
    assert (status, await status_at(relay, "actions", tokens["access_token"])) == (200, 401)
