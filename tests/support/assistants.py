"""Assistants for the tests: they walk the whole authorization, and hold what came of it."""

import base64
import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from paired_relay import CALLBACK, CLIENT, SECRET, Laptop, PairedRelay

VERIFIER = "a-verifier-of-at-least-forty-three-characters-for-S256"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
CREDENTIALS = {"client_id": CLIENT, "client_secret": SECRET}
CLI = {"client_id": "deskbell-cli", "redirect_uri": "http://127.0.0.1:49152/callback"}
CLI_PKCE = CLI | {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}


@dataclass
class Assistant:
    """What a connected assistant holds."""

    relay: PairedRelay
    access_token: str
    refresh_token: str

    async def act(self) -> int:
        """The status of an action that needs nothing but a living grant."""
        headers = {"Authorization": f"Bearer {self.access_token}"}
        address = f"{self.relay.url}/actions/listDevices"
        async with self.relay.session.post(address, json={}, headers=headers) as answer:
            return answer.status

    async def refresh(self, token: str | None = None, **changes: str) -> tuple[int, Any]:
        form = {"grant_type": "refresh_token", "refresh_token": token or self.refresh_token}
        return await self.relay.post("/oauth/token", form=form | CREDENTIALS | changes)


async def answered(laptop: Laptop, answer: str = "approve", **changes: str) -> dict[str, str]:
    """The parameters with which the browser comes back to the assistant, after the laptop's answer."""
    tab = laptop.relay.tab()
    await tab.authorize(**changes)
    await tab.enter(await laptop.connect_code())
    status, _ = await laptop.call("POST", f"/v1/approvals/{tab.path.rpartition('/')[2]}/{answer}")
    assert status == 200
    back = await tab.get(f"{tab.path}/continue")
    assert back.status == 303, tab.html
    return dict(parse_qsl(urlsplit(back.headers["Location"]).query))


async def code_for(laptop: Laptop, **changes: str) -> str:
    """An authorization code that the laptop has approved."""
    return (await answered(laptop, **changes))["code"]


async def redeem(relay: PairedRelay, code: str, **changes: str) -> tuple[int, Any]:
    """Exchange a code; by default as the static client. A change to the empty string leaves the field out."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK} | CREDENTIALS | changes
    return await relay.post("/oauth/token", form={name: value for name, value in form.items() if value})


async def connect(laptop: Laptop, **changes: str) -> Assistant:
    """A connected assistant."""
    status, tokens = await redeem(laptop.relay, await code_for(laptop, **changes))
    assert status == 200, tokens
    return Assistant(laptop.relay, tokens["access_token"], tokens["refresh_token"])


async def sent_back(relay: PairedRelay, **changes: str) -> dict[str, str]:
    """The parameters of an error that the assistant hears at once, at its own address."""
    answer = await relay.tab().authorize(**changes)
    assert answer.status == 303, answer.status
    location = answer.headers["Location"]
    assert location.partition("?")[0] == changes.get("redirect_uri", CALLBACK)
    return dict(parse_qsl(urlsplit(location).query))
