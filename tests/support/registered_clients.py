"""MCP clients for the tests of authorization: they register, or are known by a document, and use PKCE."""

from typing import Any

from assistants import CHALLENGE, VERIFIER, code_for, redeem
from paired_relay import Laptop, PairedRelay

LOOPBACK = "http://127.0.0.1:33418/callback"
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}


async def register(relay: PairedRelay, **changes: Any) -> tuple[int, Any]:
    """Status and answer of a registration: by default of a public client on loopback. None leaves a member out."""
    document = {"redirect_uris": [LOOPBACK], "client_name": "An MCP client", "token_endpoint_auth_method": "none"}
    body = {name: value for name, value in (document | changes).items() if value is not None}
    return await relay.post("/oauth/register", body=body)


async def registered(relay: PairedRelay, **changes: Any) -> dict[str, Any]:
    """The client as it was registered."""
    status, client = await register(relay, **changes)
    assert status == 201, client
    found: dict[str, Any] = client
    return found


async def mcp_code(laptop: Laptop, client_id: str, redirect_uri: str = LOOPBACK, **changes: str) -> str:
    """A code for such a client, approved on the laptop."""
    return await code_for(laptop, client_id=client_id, redirect_uri=redirect_uri, **PKCE, **changes)


async def mcp_redeem(relay: PairedRelay, code: str, client_id: str, **changes: str) -> tuple[int, Any]:
    """Exchange it, as a public client unless `changes` say otherwise."""
    form = {"client_id": client_id, "client_secret": "", "redirect_uri": LOOPBACK, "code_verifier": VERIFIER}
    return await redeem(relay, code, **(form | changes))


async def mcp_tokens(laptop: Laptop, client_id: str, redirect_uri: str = LOOPBACK, **changes: str) -> dict[str, Any]:
    """The tokens of a public client, all the way."""
    code = await mcp_code(laptop, client_id, redirect_uri)
    status, tokens = await mcp_redeem(laptop.relay, code, client_id, redirect_uri=redirect_uri, **changes)
    assert status == 200, tokens
    found: dict[str, Any] = tokens
    return found


async def status_at(relay: PairedRelay, door: str, token: str) -> int:
    """What a door answers to a token: the GPT Action door, or the MCP door."""
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json, text/event-stream"}
    path = "/actions/listDevices" if door == "actions" else "/mcp"
    ping = {} if door == "actions" else {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    async with relay.session.post(relay.url + path, json=ping, headers=headers) as answer:
        return answer.status
