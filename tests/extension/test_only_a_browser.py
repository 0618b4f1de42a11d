"""An account whose only device is a browser: the notes that an assistant asks for are kept, found and taken back in it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio
from browser import SECONDS, Browser
from home import let_in
from playwright.async_api import expect
from watched_panel import watched

from deskbell_daemon.cli.assistant import Assistant
from deskbell_daemon.cli.story import Household, until

LONG_MS = SECONDS * 1_000
HOSTILE = "\u202elmth.rof <img src=x onerror=alert(1)>"


@pytest_asyncio.fixture(loop_scope="session")
async def own(tmp_path: Path) -> AsyncIterator[tuple[Household, Assistant]]:
    """To itself: it is no household any more when the laptop has left."""
    async with let_in(tmp_path / "household") as both:
        yield both


async def laptop_leaves(household: Household, browser: Browser, assistant: Assistant) -> None:
    """Its device is taken out of the account; the browser says soon that it keeps the notes now."""
    async with household.local() as daemon:
        [laptop] = [each for each in (await daemon.get("/v1/relay/devices"))["devices"] if each["kind"] == "daemon"]
        await daemon.delete(f"/v1/relay/devices/{laptop['id']}")
    await household.daemon.stop()
    await browser.kill_worker()  # it looks at the account when it wakes, and else every ten minutes
    await browser.ask("status")

    async def keeps_notes() -> bool:
        devices = (await assistant.call("listDevices", {}))["devices"]
        return [device["kind"] for device in devices] == ["extension"] and "note.create" in devices[0]["actions"]

    await until(keeps_notes, "the browser to take over the notes", 60)


async def test_notes_are_made_found_trashed_and_brought_back_in_the_browser(
    browser: Browser, own: tuple[Household, Assistant]
) -> None:
    household, assistant = own
    await browser.pair(household)
    await laptop_leaves(household, browser, assistant)

    async def ask(operation: str, **arguments: Any) -> dict[str, Any]:
        answer = await assistant.finish(await assistant.call(operation, arguments), patience_s=30)
        assert answer["status"] == "done", answer
        output: dict[str, Any] = answer["output"]
        return output | {"command": answer["id"]}

    async def found(query: str) -> list[str]:
        return [hit["path"] for hit in (await ask("searchNotes", query=query))["hits"]]

    made = await ask("createNote", title="Mend the sail", body="Torn at the *leech*.", folder="Boat", tags=["sea"])
    assert made["path"] == "Boat/Mend the sail.md"
    assert await found("leech") == [made["path"]]
    page = await browser.page("notes.html")
    await page.locator("#search").fill("leech")
    await expect(page.locator("nav li b")).to_have_text("Mend the sail", timeout=LONG_MS)

    appended = await ask("appendNote", path=made["path"], text="By the river.")
    assert "By the river." in (await ask("readNote", path=made["path"]))["text"]
    await ask("undoNote", command_id=appended["command"])
    assert "By the river." not in (await ask("readNote", path=made["path"]))["text"]

    trashed = await ask("trashNote", path=made["path"])
    assert await found("leech") == []
    gone = await assistant.call("readNote", {"path": made["path"]})
    assert (gone["status"], gone["error"]["code"]) == ("failed", "note_not_found")
    await ask("undoNote", command_id=trashed["command"])
    assert await found("leech") == [made["path"]]

    panel = await watched(browser, "sidepanel.html")
    hostile = await ask("createNote", title=HOSTILE, body=f"{HOSTILE}\n\n[x](javascript:alert(1))")
    await expect(panel.page.locator(".activity")).to_contain_text("onerror=alert(1)", timeout=LONG_MS)
    await panel.harmless(household.url)
    await panel.page.locator(".activity > li").first.get_by_role("button", name="Undo").click()  # the person's own
    await expect(panel.page.get_by_role("button", name="Undo").first).not_to_contain_text("onerror", timeout=LONG_MS)
    assert (await assistant.call("readNote", {"path": hostile["path"]}))["status"] == "failed"
    assert household.files() == []
