"""A person at a Chromium with the extension: opens its pages, clicks, and sees what they say."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Page, async_playwright, expect

from deskbell_daemon.cli.story import Household, until

ID = "eilhcdfoaojihffhbenckedmijgjigpe"
"""The manifest's key makes it the same everywhere."""

SECONDS = 45


def flags() -> list[str]:
    """How a test starts Chromium: nothing is asked of the network outside, nothing needs a screen."""
    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return [
        *("--headless=new", "--no-first-run", "--disable-gpu", "--disable-background-networking"),
        *("--disable-component-update", "--disable-sync", "--mute-audio", "--lang=en-US", *root),
    ]


class Browser:
    """The one profile of a test."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        context.set_default_timeout(SECONDS * 1_000)

    async def page(self, name: str) -> Page:
        """One of the extension's own pages, such as `popup.html`, in a tab."""
        page = await self.context.new_page()
        await page.goto(f"chrome-extension://{ID}/{name}")
        return page

    async def tab(self, address: str) -> Page:
        """A page of the web, in front."""
        page = await self.context.new_page()
        await page.goto(address, timeout=90_000)  # a page of 50 MB, on a busy machine
        await page.bring_to_front()
        return page

    async def ask(self, type_: str, data: Any = None) -> Any:
        """What the background answers to one of its own pages."""
        page = await self.page("notes.html")
        try:
            message = {"id": 1, "type": type_, "data": data, "timestamp": 1}
            reply = await page.evaluate("message => chrome.runtime.sendMessage(message)", message)
        finally:
            await page.close()
        return reply.get("res", reply) if isinstance(reply, dict) else reply

    async def pair(self, household: Household, name: str = "Chromium on the desk", relay: str | None = None) -> None:
        """By a code, which the laptop approves. `relay`: by what address the browser reaches it."""
        popup = await self.page("popup.html")
        await popup.get_by_label("Name").fill(name)
        await popup.locator("summary").click()
        await popup.locator("input[name=relay]").fill(relay or household.url)
        await popup.locator("input[name=relay]").press("Enter")
        code = await popup.locator("output.code").inner_text()
        async with household.local() as daemon:
            asked = await daemon.post("/v1/relay/approvals/claim", {"user_code": code})
            await daemon.post(f"/v1/relay/approvals/{asked['id']}/approve")
        await expect(popup.get_by_text("Connected", exact=False).first).to_be_visible(timeout=SECONDS * 1_000)
        await popup.close()

    async def consent(self) -> Page:
        """The consent window, when it has come and takes clicks."""
        found: list[Page] = []

        async def there() -> bool:
            found[:] = [page for page in self.context.pages if "consent.html" in page.url]
            return bool(found)

        await until(there, "the consent window", SECONDS)
        answers = found[0].locator("#refuse[aria-disabled=false]")
        stays = found[0].locator(".word.failed, .word.interrupted, .word.expired")
        await expect(answers.or_(stays).first).to_be_visible(timeout=SECONDS * 1_000)
        if await stays.is_visible():  # what became of the last one; only what went well goes by itself
            await found[0].get_by_role("button", name="Next request").click()
        await expect(answers).to_be_visible(timeout=SECONDS * 1_000)
        return found[0]

    async def kill_worker(self) -> None:
        """As the browser itself ends it: no word beforehand, nothing tidied up."""
        page = await self.context.new_page()
        session = await self.context.new_cdp_session(page)
        await session.send("ServiceWorker.enable")
        await session.send("ServiceWorker.stopAllWorkers")
        await page.close()


@asynccontextmanager
async def chromium(build: Path, profile: Path) -> AsyncIterator[Browser]:
    """A Chromium with that build of the extension and that profile folder."""
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            profile,
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
            headless=False,  # it is, by the flag: Playwright's own way has no extensions
            args=[*flags(), f"--disable-extensions-except={build}", f"--load-extension={build}"],
            ignore_default_args=["--disable-extensions"],
        )
        try:
            yield Browser(context)
        finally:
            await context.close()
