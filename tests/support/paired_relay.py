"""A whole relay, as `create_app` makes it, on a real socket; with laptops, browsers and assistants that use it."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from aiohttp import ClientResponse, ClientSession, CookieJar, web
from sqlalchemy import Connection, insert

from deskbell_relay.__main__ import listen
from deskbell_relay.app import RELAY, Relay, create_app
from deskbell_relay.oauth.secrets import digest
from deskbell_relay.settings import Settings
from deskbell_relay.store.identity_tables import clients
from deskbell_wire.clock import now_us

CALLBACK = "https://chatgpt.com/aip/g-1/oauth/callback"
CLIENT = "gpt-1"
SECRET = "a-secret-that-only-the-gpt-knows"
MANY = "1000000/minute"


@dataclass
class Laptop:
    """A paired device."""

    relay: "PairedRelay"
    account_id: str
    device_id: str
    access_token: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access_token}"}

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """The answer's status and JSON, if it has any."""
        async with self.relay.session.request(method, self.relay.url + path, json=body, headers=self.headers) as answer:
            return answer.status, (await answer.json(content_type=None) if answer.content_length != 0 else None)

    async def connect_code(self) -> str:
        status, document = await self.call("POST", "/v1/connect-codes")
        assert status == 201, document
        code: str = document["code"]
        return code

    async def say_yes(self) -> None:
        """To the one who asks to be let in."""
        [approval] = (await self.call("GET", "/v1/approvals"))[1]["approvals"]
        status, document = await self.call("POST", f"/v1/approvals/{approval['id']}/approve")
        assert status == 200, document


@dataclass
class Tab:
    """A browser at the relay's pages: cookies of its own, and it follows redirects within the relay alone."""

    relay: "PairedRelay"
    session: ClientSession
    path: str = ""
    csrf: str = ""
    html: str = ""
    trail: list[str] = field(default_factory=list)

    async def get(self, path: str, **query: str) -> ClientResponse:
        address = self.relay.url + path + (f"?{urlencode(query)}" if query else "")
        return await self._arrive(await self.session.get(address, allow_redirects=False))

    async def post(self, path: str, headers: dict[str, str] | None = None, **form: str) -> ClientResponse:
        answer = await self.session.post(self.relay.url + path, data=form, headers=headers, allow_redirects=False)
        return await self._arrive(answer)

    async def authorize(self, **changes: str) -> ClientResponse:
        """Arrive from the assistant."""
        query = {"response_type": "code", "client_id": CLIENT, "redirect_uri": CALLBACK, "state": "s1"} | changes
        return await self.get("/oauth/authorize", **query)

    async def enter(self, code: str) -> ClientResponse:
        return await self.post(self.path, csrf=self.csrf, code=code)

    async def _arrive(self, answer: ClientResponse) -> ClientResponse:
        self.html = await answer.text()
        while answer.status == 303 and answer.headers["Location"].startswith("/"):
            self.trail.append(answer.headers["Location"])
            answer = await self.session.get(self.relay.url + answer.headers["Location"], allow_redirects=False)
            self.html = await answer.text()
            self.path = answer.url.path
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.html)
        self.csrf = found[1] if found else self.csrf
        return answer


class PairedRelay:
    """Start, use, stop. `settings` are changes to generous defaults."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self._folder = folder
        self._changes = {"pairing_rate": MANY, "public_rate": MANY, "code_tries_rate": MANY} | settings

    async def start(self) -> "PairedRelay":
        listener = listen("127.0.0.1", 0)
        self.settings = Settings(data_dir=self._folder, port=listener.getsockname()[1], **self._changes)
        app = await create_app(self.settings)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1)
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()
        self.core: Relay = app[RELAY]
        self.url = f"http://127.0.0.1:{self.settings.port}"
        self.session = ClientSession(cookie_jar=CookieJar(unsafe=True))
        self._tabs: list[ClientSession] = []
        await self.core.store.write(_add_client)
        return self

    async def stop(self) -> None:
        for session in (self.session, *self._tabs):
            await session.close()
        await self._runner.cleanup()

    @property
    def first_invite(self) -> str | None:
        return self.core.identity.first_invite

    async def post(self, path: str, *, form: dict[str, str] | None = None, body: Any = None) -> tuple[int, Any]:
        """As nobody in particular."""
        async with self.session.post(self.url + path, data=form, json=body) as answer:
            return answer.status, await answer.json(content_type=None)

    async def pair(self, invite: str | None = None, name: str = "Laptop") -> Laptop:
        """The first device of a new account."""
        invite = invite or await self.invite()
        device = {"name": name, "kind": "daemon", "actions": ["note.create"]}
        status, document = await self.post("/v1/pair", body={"device": device, "invite": invite})
        assert status == 201, document
        return self.laptop(document)

    def laptop(self, tokens: dict[str, Any]) -> Laptop:
        return Laptop(self, tokens["account_id"], tokens["device_id"], tokens["access_token"], tokens["refresh_token"])

    async def invite(self) -> str:
        from deskbell_relay.oauth import invites

        return (await self.core.store.write(invites.create))[0]

    def tab(self) -> Tab:
        session = ClientSession(cookie_jar=CookieJar(unsafe=True))
        self._tabs.append(session)
        return Tab(self, session)

    async def device_code(self, name: str = "Second", **changes: str) -> dict[str, Any]:
        form = {"client_id": "deskbell-daemon", "device_name": name, "device_kind": "daemon"}
        status, document = await self.post(
            "/oauth/device_authorization", form=form | {"device_actions": "note.read"} | changes
        )
        assert status == 200, document
        answer: dict[str, Any] = document
        return answer

    async def poll(self, device_code: str, client_id: str = "deskbell-daemon") -> tuple[int, Any]:
        grant_type = "urn:ietf:params:oauth:grant-type:device_code"
        return await self.post(
            "/oauth/token", form={"grant_type": grant_type, "device_code": device_code, "client_id": client_id}
        )

    async def redeem(self, location: str) -> tuple[int, Any]:
        """Exchange the code in the assistant's address for tokens."""
        code = parse_qs(urlsplit(location).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        return await self.post("/oauth/token", form=form | {"client_id": CLIENT, "client_secret": SECRET})


def _add_client(connection: Connection) -> None:
    connection.execute(
        insert(clients)
        .prefix_with("OR IGNORE")
        .values(id=CLIENT, name="My GPT", secret_hash=digest(SECRET), redirect_uris=[CALLBACK], created_at=now_us())
    )
