"""Pages and notes that mean harm, in a real browser: nothing of theirs runs, is loaded, or is half taken."""

import json
from typing import Any

from browser import ID, Browser
from extension_build import EXTENSION
from home import Home
from web_site import Web

MARKDOWN: list[str] = json.loads((EXTENSION / "tests" / "ui" / "hostile.json").read_text())
MEGABYTES = 50


async def capture(browser: Browser, address: str, mode: str = "page") -> dict[str, Any]:
    """By the person's hand: the answer that the popup gets."""
    own = await browser.page("notes.html")
    number = await own.evaluate(
        "address => chrome.tabs.query({}).then(tabs => tabs.find(tab => tab.url === address).id)", address
    )
    await own.close()
    answer: dict[str, Any] = await browser.ask("readTab", {"mode": mode, "tabId": number})
    return answer


async def test_a_page_that_speaks_and_calls_itself_markup_is_a_page_like_any(home: Home) -> None:
    speaks = """<title>&lt;img src=x onerror=alert(1)&gt;</title><p>A quiet sentence, long enough to be read.</p>
    <script>
      setInterval(() => postMessage({type: 'approve', id: 1, data: {id: 'c_1', scope: 'hour'}, timestamp: 1}, '*'), 1)
      addEventListener('message', event => { window.heard = event.data })
    </script>"""
    before = (await home.browser.ask("status"))["value"]["recent"]
    page = await home.browser.tab(home.web.put("/", speaks))
    answer = await capture(home.browser, page.url)
    assert answer["ok"], answer
    assert answer["value"]["title"] == "<img src=x onerror=alert(1)>"
    assert answer["value"]["markdown"].strip() == "A quiet sentence, long enough to be read."
    assert (await home.browser.ask("status"))["value"]["recent"] == before


async def test_fifty_megabytes_are_refused_whole(home: Home) -> None:
    lines = b"<p>" + b"A line of text that goes on and on. " * 25 + b"</p>\n"
    page = await home.browser.tab(
        home.web.put("/", b"<title>Large</title>" + lines * (MEGABYTES * 1_000_000 // len(lines)))
    )
    answer = await capture(home.browser, page.url)
    assert (answer["ok"], answer["problem"]["code"]) == (False, "page_too_large")


async def test_a_selection_that_turns_the_reading_order_is_taken_without_the_signs(home: Home) -> None:
    page = await home.browser.tab(
        home.web.put("/", "<title>T</title><p id=a>pay \u202e001\u202c to \u2066me\u2069 \u200bnow</p>")
    )
    await page.evaluate("getSelection().selectAllChildren(document.getElementById('a'))")
    answer = await capture(home.browser, page.url, "selection")
    assert answer["ok"], answer
    assert not set(answer["value"]["markdown"]) & set("\u202e\u202c\u2066\u2069\u200b")
    assert "pay" in answer["value"]["markdown"]


async def test_a_page_that_changes_all_the_time_is_taken_as_it_was_at_one_moment(home: Home) -> None:
    """Two places of the page always say the same; so does the capture."""
    changes = """<title>Clock</title><p>first <span class=n>0</span> end</p><p>second <span class=n>0</span> end</p>
    <script>
      let n = 0
      setInterval(() => { n += 1; for (const e of document.querySelectorAll('.n')) e.textContent = n }, 0)
      new MutationObserver(() => {}).observe(document, {subtree: true, childList: true})
    </script>"""
    page = await home.browser.tab(home.web.put("/", changes))
    for _ in range(5):
        answer = await capture(home.browser, page.url)
        assert answer["ok"], answer
        words = answer["value"]["markdown"].split()
        assert words[1] == words[4]


async def test_hostile_markdown_is_inert_on_the_notes_page(browser: Browser, web: Web) -> None:
    asked: list[str] = []
    browser.context.on("request", lambda request: asked.append(request.url))
    alerts: list[str] = []
    text = "\n\n".join(MARKDOWN) + f"\n\n![seen]({web.url}/seen.png)\n\n<img src='{web.url}/seen2.png'>\n\nThe end."
    kept = await browser.ask("keepNote", {"title": "Hostile", "body": text})
    assert kept["ok"], kept
    page = await browser.context.new_page()
    page.on("dialog", lambda dialog: alerts.append(dialog.message))
    await page.goto(f"chrome-extension://{ID}/notes.html#Hostile.md")
    await page.locator("article").wait_for()
    for link in await page.locator("article a").all():
        assert str(await link.get_attribute("href")).startswith(("https://", "http://", "mailto:"))
    assert (
        await page.locator("article").locator("script, iframe, img, form, svg, math, object, embed, style").count() == 0
    )
    handlers = "[...document.querySelectorAll('article *')].flatMap(e => e.getAttributeNames()).filter(n => n.startsWith('on'))"
    assert await page.evaluate(handlers) == []
    assert [address for address in asked if not address.startswith(f"chrome-extension://{ID}/")] == []
    assert (alerts, web.asked) == ([], [])
