"""Households that many tests live in, one after the other: relay, laptop and assistant; browser, a site and a provider."""

import contextlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from browser import Browser, chromium
from paced_provider import PacedProvider
from web_site import Web, serving

from deskbell_daemon.cli.assistant import Assistant
from deskbell_daemon.cli.story import Household
from deskbell_wire.actions import SCOPES

ASSISTANT = "<img src=x onerror=alert(1)> [GPT](javascript:alert(1))"
"""What the assistant calls itself: its name stands beside everything that it asks for."""

FORGET = """async () => {
    const ask = async (type, data) => {
        const reply = await chrome.runtime.sendMessage({id: 1, type, data, timestamp: 1})
        return (reply.res ?? reply).value
    }
    await ask('pause', {paused: true}) // refuses what waits, and what was allowed for an hour asks again
    await ask('pause', {paused: false})
    const {assistants} = await ask('rules', {})
    for (const whose of [{}, ...assistants.map(({grant}) => ({grant}))]) {
        for (const {subject, rule} of (await ask('rules', whose)).rules) {
            if (rule !== 'default') await ask('setRule', {subject, rule: 'default', ...whose})
        }
    }
    await Promise.all([chrome.storage.session.clear(), chrome.storage.local.clear()])
}"""
"""What a person would do on the extension's pages to have it as it was."""


@dataclass
class Home:
    """What a test gets is as if it were new; only what has been seen once, such as the last commands, stays."""

    household: Household
    assistant: Assistant
    browser: Browser
    web: Web
    provider: PacedProvider

    async def tidy(self) -> None:
        """Closes, answers and forgets what a test has left."""
        own = await self.browser.page("notes.html")  # also because a browser without any page ends
        for page in self.browser.context.pages:
            if page is not own:
                await page.close()
        await own.evaluate(FORGET)
        await own.goto("about:blank")
        lose_notes(self.household)
        self.web.pages.clear()
        self.web.asked.clear()


@contextlib.asynccontextmanager
async def let_in(folder: Path, **relay_settings: str) -> AsyncIterator[tuple[Household, Assistant]]:
    """A relay and a laptop, and an assistant with everything that it may ask for."""
    generous = {f"DESKBELL_{name}_RATE": "100000/minute" for name in ("AI", "COMMANDS", "PAIRING", "PUBLIC")}
    household = Household(folder, DESKBELL_LOG_LEVEL="warning", **generous, **relay_settings)
    try:
        await household.start()
        async with Assistant(household.url, await household.gpt_client(ASSISTANT)) as assistant:
            await household.connect(assistant, scopes=" ".join(SCOPES))
            yield household, assistant
    finally:
        await household.stop()


def lose_notes(household: Household) -> None:
    """As a person deletes files by hand; trash and versions stay."""
    for note in household.notes.iterdir() if household.notes.exists() else ():
        if not note.name.startswith("."):
            shutil.rmtree(note) if note.is_dir() else note.unlink()


async def browsers_leave(household: Household) -> None:
    """The account has no browser any more, whatever became of those that a test had."""
    async with household.local() as daemon:
        for device in (await daemon.get("/v1/relay/devices"))["devices"]:
            if device["kind"] == "extension":
                await daemon.delete(f"/v1/relay/devices/{device['id']}")


@contextlib.asynccontextmanager
async def living(folder: Path, build: Path) -> AsyncIterator[Home]:
    """All of it running, the browser paired."""
    provider = await PacedProvider().start()
    settings = {"DESKBELL_AI_COMPATIBLE_URL": provider.url, "DESKBELL_AI_COMPATIBLE_MODEL": "mock"}
    try:
        async with (
            let_in(folder / "household", **settings) as (household, assistant),
            serving() as web,
            chromium(build, folder / "chromium") as browser,
        ):
            await browser.pair(household, "Chromium of the house")
            yield Home(household, assistant, browser, web, provider)
    finally:
        await provider.stop()
