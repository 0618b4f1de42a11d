"""Deskbell's whole path: a relay, a paired daemon and an assistant that came through the authorization code flow."""

import base64
import hashlib
import importlib.util
import json
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp

from bench.hub import http
from bench.load.mark import BLANK
from bench.peers.payload import TEXT
from bench.process import free_port
from bench.report import OURS
from bench.scratch import scratch
from bench.spine import Spine
from bench.subject import relay_environment

if TYPE_CHECKING:
    from deskbell_daemon.cli.story import Household

NOTE = json.dumps({"title": f"Bench {BLANK.decode()}", "body": TEXT})


class DeskbellPath(Spine):
    """`python -m deskbell_relay` and `python -m deskbell_daemon`, as the demo brings them up; rates out of the way."""

    name = OURS

    def missing(self) -> str | None:
        for module in ("deskbell_relay", "deskbell_daemon"):
            if importlib.util.find_spec(module) is None:
                return f"{module} is not installed (pip install -e '.[relay,daemon]')"
        return None

    async def start(self, notes: Path) -> None:
        # late: the peers can be measured where Deskbell is not installed
        from deskbell_daemon.cli.assistant import Assistant
        from deskbell_daemon.cli.story import Household

        self._folder = scratch("path")
        self._plugin = ""
        self.port = free_port()
        settings = relay_environment(self._folder / "relay", self.port)
        # Without the invite of a closed relay there would be nothing to pair the laptop with.
        settings |= {"DESKBELL_REGISTRATION": "invite", "DESKBELL_LOG_LEVEL": "warning"}
        self._household = Household(self._folder, **settings)
        config = self._household.places.config_file
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(f"notes_folder = {json.dumps(str(notes))}\n")
        await self._household.start()
        async with Assistant(self._household.url, await self._household.gpt_client()) as assistant:
            await self._household.connect(assistant)
            self._token = assistant._access_token

    async def stop(self) -> None:
        await self._household.stop()
        shutil.rmtree(self._folder)

    def request(self) -> bytes:
        return http(
            "POST", "/actions/createNote", NOTE, Authorization=f"Bearer {self._token}", Content_Type="application/json"
        )

    async def tool_call(self, revision: str) -> bytes:
        """The same note at the MCP door, as a client of that revision asks for it."""
        if not self._plugin:
            self._plugin = await plugin_token(self._household)
        params: dict[str, Any] = {"name": "create_note", "arguments": json.loads(NOTE)}
        headers = {"MCP_Protocol_Version": revision}
        if revision == "2026-07-28":
            about = {"protocolVersion": revision, "clientCapabilities": {}}
            params["_meta"] = {f"io.modelcontextprotocol/{name}": value for name, value in about.items()}
            headers |= {"Mcp_Method": "tools/call", "Mcp_Name": "create_note"}
        return http(
            "POST",
            "/mcp",
            json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}),
            Host=f"127.0.0.1:{self.port}",
            Accept="application/json, text/event-stream",
            Authorization=f"Bearer {self._plugin}",
            Content_Type="application/json",
            **headers,
        )


async def plugin_token(household: "Household") -> str:
    """An access token for the MCP door, by the whole flow, as a client that registers itself."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    redirect, resource = "http://127.0.0.1/callback", f"{household.url}/mcp"
    async with aiohttp.ClientSession(household.url, raise_for_status=True) as http_session:
        about = {"redirect_uris": [redirect], "client_name": "Bench", "token_endpoint_auth_method": "none"}
        async with http_session.post("/oauth/register", json=about) as answer:
            client = (await answer.json())["client_id"]
        asked = {"response_type": "code", "client_id": client, "redirect_uri": redirect, "resource": resource}
        asked |= {"code_challenge": challenge, "code_challenge_method": "S256", "state": "bench"}
        back = await household.allow(f"{household.url}/oauth/authorize?{urlencode(asked)}")
        form = {"grant_type": "authorization_code", "client_id": client, "redirect_uri": redirect, "resource": resource}
        form |= {"code": parse_qs(urlsplit(back).query)["code"][0], "code_verifier": verifier}
        async with http_session.post("/oauth/token", data=form) as answer:
            token: str = (await answer.json())["access_token"]
    return token
