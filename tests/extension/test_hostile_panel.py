"""Text that means harm in the side panel and the popup: an answer while it comes, a question, a title, a name."""

import json
from typing import Any

from browser import SECONDS
from chromium import ARTEFACTS
from extension_build import EXTENSION
from home import ASSISTANT, Home
from paced_provider import saying
from playwright.async_api import expect
from watched_panel import WatchedPage, watched

MARKDOWN: list[str] = json.loads((EXTENSION / "tests" / "ui" / "hostile.json").read_text())
LONG_MS = SECONDS * 1_000
PIECE = 5
"""Characters a token, so that most marks are half there at some time."""


async def picture(panel: WatchedPage, name: str) -> None:
    """For people to look at."""
    folder = ARTEFACTS / "extension"
    folder.mkdir(parents=True, exist_ok=True)
    await panel.page.evaluate("scrollTo(0, 0)")  # what sticks to an edge is drawn at it
    await panel.page.screenshot(path=folder / f"{name}.png", full_page=True)


async def in_chat(home: Home) -> WatchedPage:
    panel = await watched(home.browser, "sidepanel.html")
    await panel.page.locator("#tab-chat").click()
    return panel


async def test_a_hostile_answer_is_inert_at_each_of_its_letters(home: Home) -> None:
    pictures = f"![seen]({home.web.url}/seen.png)\n\n<img src='{home.web.url}/seen2.png'>"
    text = "\n\n".join([*MARKDOWN, pictures, "The *very* end."])
    home.provider.scripts = [saying(*(text[at : at + PIECE] for at in range(0, len(text), PIECE)), pause_s=0.002)]
    panel = await in_chat(home)
    page = panel.page
    await page.locator("#question").fill(text)
    await page.locator("#send[aria-disabled=false]").click()
    answer = page.locator(".answer")
    await expect(answer.locator("em").filter(has_text="very")).to_be_visible(timeout=LONG_MS)
    await expect(answer).to_have_attribute("aria-busy", "false", timeout=LONG_MS)
    assert home.provider.calls[-1].body["messages"][-1]["content"].endswith("The *very* end.")
    assert await panel.harmless(home.household.url) > 50
    shown = await answer.inner_text()
    for said in (
        "<script>alert(1)</script>",
        "⟦U+202E⟧evil ⟦U+2066⟧order",
        "esc ␛[31mred",
        "<img src=x onerror=alert(1)>",
    ):
        assert said in shown
    assert await answer.locator("a[href='https://good.example/']").count() > 0  # what is good is a link
    await picture(panel, "hostile-answer")
    await page.get_by_role("button", name="Keep as a note").click()
    await expect(page.get_by_text("Kept", exact=False)).to_be_visible(timeout=LONG_MS)
    [note] = home.household.files()
    assert "The *very* end." in (home.household.notes / note).read_text()
    await page.reload()  # what was kept while the panel was closed
    await page.locator("#tab-chat").click()
    await expect(answer.locator("em").filter(has_text="very")).to_be_visible(timeout=LONG_MS)
    await panel.harmless(home.household.url)
    assert home.web.asked == []


async def test_a_hostile_answer_that_breaks_off_is_inert_where_it_ends(home: Home) -> None:
    """A half mark stays half for good: each text of the corpus, cut before its last characters."""
    panel = await in_chat(home)
    page = panel.page
    answers = page.locator(".answer")
    for number, text in enumerate(MARKDOWN[::7], start=1):
        home.provider.scripts = [saying("Half: ", text[: -max(1, len(text) // 4)])]
        await page.locator("#question").fill("And?")
        await page.locator("#send[aria-disabled=false]").click()
        await expect(answers).to_have_count(number, timeout=LONG_MS)
        await expect(answers.last).to_contain_text("Half:", timeout=LONG_MS)
        await expect(answers.last).to_have_attribute("aria-busy", "false", timeout=LONG_MS)
    await panel.harmless(home.household.url)


async def test_hostile_words_in_the_activity_and_the_last_commands_are_words(home: Home) -> None:
    panel = await watched(home.browser, "sidepanel.html")
    popup = await watched(home.browser, "popup.html", 400)
    for text in MARKDOWN:
        answer: dict[str, Any] = await home.assistant.call("listTabs", {"query": text[:200]})
        assert answer["status"] == "done", answer
    titles = [
        "<img src=x onerror=alert(1)>",
        "[click](javascript:alert(1))",
        "\u202elmth.rof \u2066order",
        "<script>alert(1)</script>",
    ]
    own = await home.browser.page("notes.html")
    for place, title in enumerate(titles):
        shown = title.replace("&", "&amp;").replace("<", "&lt;")
        tab = await home.browser.tab(home.web.put(f"/{place}", f"<title>{shown}</title><p>Words that can be read.</p>"))
        query = "address => chrome.tabs.query({}).then(tabs => tabs.find(tab => tab.url === address).id)"
        kept = await home.browser.ask("captureTab", {"mode": "page", "tabId": await own.evaluate(query, tab.url)})
        assert kept["ok"], kept
    assert len(home.household.files()) == len(titles)
    for watch, name in ((panel, "hostile-activity"), (popup, "hostile-last-commands")):
        await watch.page.bring_to_front()
        await expect(watch.page.locator(".activity > li").first).to_contain_text("script", timeout=LONG_MS)
        if watch is panel:
            await expect(watch.page.locator(".activity")).to_contain_text(ASSISTANT, timeout=LONG_MS)
            await expect(watch.page.locator(".activity")).to_contain_text("javascript:alert(1)", timeout=LONG_MS)
        assert await watch.harmless(home.household.url) > len(titles)
        await picture(watch, name)
