"""The extension's side of a pairing over loopback, played over real sockets: at the relay and at the daemon's door."""

import base64
import secrets
from typing import Any

from aiohttp import ClientSession
from paired_relay import PairedRelay

from deskbell_wire.number_match import CHROMIUM_ID, committed, digits

CHROMIUM = f"chrome-extension://{CHROMIUM_ID}"
FIREFOX = "moz-extension://0a1b2c3d-0000-4000-8000-00000000beef"
FORM = {"client_id": "deskbell-extension", "device_kind": "extension", "device_actions": "tab.open page.capture"}


def nonce() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()


class BrowserExtension:
    """`begin` gets a code at the relay, `ask` brings it to the daemon."""

    def __init__(self, relay: PairedRelay, http: ClientSession, port: int, origin: str | None = CHROMIUM) -> None:
        self.relay, self.http, self.origin = relay, http, origin
        self.url = f"http://127.0.0.1:{port}"
        self.code: dict[str, Any] = {}
        self.body: dict[str, str] = {}

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.origin is None else {"Origin": self.origin}

    async def get(self, path: str, **headers: str) -> tuple[int, Any]:
        async with self.http.get(self.url + path, headers=self.headers | headers) as answer:
            return answer.status, await answer.json(content_type=None)

    async def post(self, body: Any, **headers: str) -> tuple[int, Any]:
        async with self.http.post(f"{self.url}/extension/pair", json=body, headers=self.headers | headers) as answer:
            return answer.status, await answer.json(content_type=None)

    async def begin(self, name: str = "Chrome", **changes: str) -> dict[str, str]:
        """The body that the door wants, with a code of the relay."""
        status, here = await self.get("/extension/daemon")
        assert status == 200, here
        self.code = await self.relay.device_code(name, **(FORM | changes))
        self.body = {
            "user_code": self.code["user_code"],
            "device_name": name,
            "nonce": nonce(),
            "commitment": here["commitment"],
        }
        return self.body

    async def ask(self, name: str = "Chrome", **changes: str) -> str:
        """The digits that the extension shows, computed by itself."""
        body = await self.begin(name, **changes)
        status, answer = await self.post(body)
        assert status == 200, answer
        assert committed(answer["nonce"]) == body["commitment"]
        shown = digits(body["user_code"], body["nonce"], answer["nonce"], self.relay.url)
        assert answer["digits"] == shown
        return shown

    async def poll(self) -> tuple[int, Any]:
        return await self.relay.poll(self.code["device_code"], "deskbell-extension")

    async def state(self) -> str:
        return str((await self.get(f"/extension/pair/{self.code['user_code']}"))[1]["state"])
