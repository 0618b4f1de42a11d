"""The same extension in Firefox: it is loaded, paired, receives, opens and captures."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from extension_build import EXTENSION
from firefox import Firefox, RefusedError, firefox
from web_site import Web

from deskbell_daemon.cli.assistant import Assistant
from deskbell_daemon.cli.story import Household

PAGES = EXTENSION / "tests" / "capture" / "pages"


@pytest_asyncio.fixture(loop_scope="session")
async def fox(firefox_build: Path, tmp_path: Path) -> AsyncIterator[Firefox]:
    async with firefox(tmp_path / "firefox", firefox_build) as browser:
        yield browser


async def pair(fox: Firefox, household: Household) -> None:
    popup = await fox.open(fox.page("popup.html"))
    await fox.until(popup, "document.querySelector('input[name=relay]') !== null")
    address = json.dumps(household.url)
    await fox.run(
        popup,
        f"(() => {{ document.querySelector('summary').click();"
        f" document.querySelector('input[name=relay]').value = {address};"
        " document.querySelector('form').requestSubmit(); return 1 })()",
    )
    code = await fox.until(popup, "document.querySelector('output.code')?.textContent ?? ''", 60)
    async with household.local() as daemon:
        asked = await daemon.post("/v1/relay/approvals/claim", {"user_code": code.strip()})
        await daemon.post(f"/v1/relay/approvals/{asked['id']}/approve")
    await fox.until(popup, "document.body.textContent.includes('Connected to')", 60)


BUTTON = """(() => {
    const button = document.querySelector('%s')
    if (document.querySelector('#refuse') === null) document.querySelector('[aria-label="Next request"]:enabled')?.click()
    if (button === null || button.getAttribute('aria-disabled') !== 'false') return null
    button.scrollIntoView()
    const {x, y, width, height} = button.getBoundingClientRect()
    return [x + width / 2, y + height / 2]
})()"""
"""Where the button is when it takes clicks; what was answered before and is still shown makes room for it."""


async def press(fox: Firefox, button: str) -> None:
    """Press that button in the consent window, when it has come."""
    async with asyncio.timeout(60):
        while True:
            tree = (await fox.ask("browsingContext.getTree", maxDepth=0))["contexts"]
            for window in (each["context"] for each in tree if "consent.html" in each["url"]):
                with contextlib.suppress(RefusedError):  # a window that has said all closes meanwhile
                    if place := await fox.run(window, BUTTON % button):
                        await fox.click(window, *place)  # a real one: Firefox asks for permissions in no other
                        return
            await asyncio.sleep(0.1)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_firefox_pairs_receives_opens_and_captures_a_page_and_a_selection(
    fox: Firefox, household: Household, assistant: Assistant, web: Web
) -> None:
    await pair(fox, household)
    asking = asyncio.create_task(assistant.call("openTab", {"url": web.put("/hello", "<title>Hello</title>")}))
    await press(fox, "#once")
    answer = await assistant.finish(await asking, patience_s=60)
    assert answer["status"] == "done", answer
    page = await fox.open(web.put("/essay", (PAGES / "essay.html").read_text()))
    await fox.ask("browsingContext.activate", context=page)
    asking = asyncio.create_task(assistant.call("capturePage", {}))
    await press(fox, "#show")  # which page it is, Firefox tells only those whom the person lets see tabs
    await press(fox, "#once")
    answer = await assistant.finish(await asking, patience_s=60)
    assert answer["status"] == "done", answer
    [note] = household.files()
    title, text = (household.notes / note).read_text().split("\n---\n", 1)[1].strip().split("\n\n", 1)
    assert title == "# Why a boat needs two oars"
    assert text == (PAGES / "essay.md").read_text().replace("https://site.example", web.url).strip()
    assert web.asked.count("/hello") == 1

    shadow = """<div id=open><b>slotted words</b></div><script>
        document.getElementById('open').attachShadow({mode: 'open'}).innerHTML = '<p>Shadow and <slot></slot> after</p><p>-</p>'
    </script><iframe srcdoc='<p>In the frame</p>'></iframe>"""
    page = await fox.open(web.put("/shadow", shadow))
    await fox.ask("browsingContext.activate", context=page)
    in_root = "(() => { const p = document.getElementById('open').shadowRoot.firstChild;"
    in_root += " getSelection().setBaseAndExtent(p.firstChild, 0, p.lastChild, 6); return 1 })()"
    in_frame = (
        "(() => { const frame = document.querySelector('iframe'); getSelection().removeAllRanges(); frame.focus();"
    )
    in_frame += " frame.contentDocument.getSelection().selectAllChildren(frame.contentDocument.body); return 1 })()"
    for select, expected in ((in_root, "Shadow and **slotted words** after"), (in_frame, "In the frame")):
        await fox.run(page, select)
        asking = asyncio.create_task(assistant.call("capturePage", {"part": "selection", "save": False}))
        await press(fox, "#once")
        answer = await assistant.finish(await asking, patience_s=60)
        assert answer["status"] == "done", answer
        assert answer["output"]["markdown"].strip() == expected
