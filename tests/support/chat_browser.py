"""A browser at the chat page: one that is only cookies and requests, and a real one."""

import re
from dataclasses import dataclass
from typing import Any

from paired_relay import Laptop, PairedRelay, Tab
from playwright.async_api import Page

OUR_PAGE = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Session:
    """A signed-in browser that sends what the page's script would."""

    tab: Tab
    form: str

    @property
    def relay(self) -> PairedRelay:
        return self.tab.relay

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        form: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        """As the page would, unless `headers` say otherwise."""
        sent = {**OUR_PAGE, "X-Deskbell-Form": self.form if form is None else form} if headers is None else headers
        async with self.tab.session.request(method, self.relay.url + path, json=body, headers=sent) as answer:
            return answer.status, (await answer.json() if answer.content_type.endswith("json") else await answer.text())


async def asked(relay: PairedRelay, laptop: Laptop) -> Tab:
    """A browser whose sign-in waits for the laptop's yes."""
    tab = relay.tab()
    await tab.get("/chat")
    answer = await tab.post("/chat/sign-in", csrf=tab.csrf)
    assert answer.status == 200, tab.html
    await tab.enter(await laptop.connect_code())
    return tab


async def signed_in(relay: PairedRelay, laptop: Laptop) -> Session:
    """The whole way, with the laptop's yes."""
    tab = await asked(relay, laptop)
    await laptop.say_yes()
    answer = await tab.get(f"{tab.path}/continue")
    assert answer.status == 303
    await tab.get(answer.headers["Location"].removeprefix(relay.url))
    found = re.search(r'data-form="([0-9a-f]{64})"', tab.html)
    assert found, tab.html
    return Session(tab, found[1])


async def let_in(page: Page, relay: PairedRelay, laptop: Laptop) -> None:
    """The same in a real browser, at the relay's own address; the page goes on by itself."""
    await page.goto(f"{relay.settings.issuer}/chat")
    await page.click("text=Sign in with my laptop")
    await page.fill("#code", await laptop.connect_code())
    await page.click("text=Continue")
    await page.wait_for_selector("text=Now say yes")
    await laptop.say_yes()


async def sign_in(page: Page, relay: PairedRelay, laptop: Laptop) -> None:
    """Until a question can be asked."""
    await let_in(page, relay, laptop)
    await page.wait_for_selector("#talk", state="attached")
    await page.wait_for_selector("button[name=send]:enabled")


class Watched:
    """A page, and all that went wrong in it or left it."""

    def __init__(self, page: Page, own: str) -> None:
        self.page = page
        self.errors: list[str] = []
        self.foreign: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: None if request.url.startswith(own) else self.foreign.append(request.url))
        page.on("dialog", lambda dialog: self.errors.append(f"dialog {dialog.message}"))
        page.on("popup", lambda popup: self.errors.append(f"popup {popup.url}"))
