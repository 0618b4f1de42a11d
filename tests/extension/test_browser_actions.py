"""What an assistant may have done in a real browser: asked there, by a person's click, and done or refused."""

import asyncio
from pathlib import Path
from typing import Any

from extension_build import EXTENSION
from home import Home
from playwright.async_api import Page

from deskbell_daemon.cli.assistant import FINAL
from deskbell_daemon.cli.story import until

MOST_OF_ONE = 25
"""So many requests of one assistant wait at once; the gate refuses the others by itself."""
PAGES = EXTENSION / "tests" / "capture" / "pages"


async def answered(home: Home, operation: str, arguments: dict[str, Any], button: str = "once") -> dict[str, Any]:
    """The assistant asks, the person presses that button; the answer that the assistant gets."""
    asking = asyncio.create_task(home.assistant.call(operation, arguments))
    window = await home.browser.consent()
    await window.locator(f"#{button}").click()
    answer = await asking
    return await home.assistant.finish(answer, patience_s=30)


def body_of(note: Path) -> str:
    """A note without its front matter."""
    text = note.read_text()
    return text.split("\n---\n", 1)[1].strip()


async def test_an_article_becomes_a_note_on_the_laptop_word_for_word(home: Home) -> None:
    await home.browser.tab(home.web.put("/essay", (PAGES / "essay.html").read_text()))
    result = await answered(home, "capturePage", {"folder": "Read", "tags": ["essay"]})
    assert result["status"] == "done", result
    output = result["output"]
    assert output["note"]["where"] == "laptop"
    note = home.household.notes / output["note"]["path"]
    assert note.parent.name == "Read"
    expected = (PAGES / "essay.md").read_text().replace("https://site.example", home.web.url).strip()
    assert output["markdown"].strip() == expected
    assert body_of(note) == f"# {output['title']}\n\n{expected}"
    head = note.read_text().split("\n---\n", 1)[0]
    assert f"{home.web.url}/essay" in head
    assert "essay" in head


async def test_a_selection_is_captured_and_nothing_else(home: Home) -> None:
    page = await home.browser.tab(
        home.web.put("/two", "<title>Two</title><p id=a>Take <b>this</b>.</p><p>Leave that.</p>")
    )
    await page.evaluate("getSelection().selectAllChildren(document.getElementById('a'))")
    result = await answered(home, "capturePage", {"part": "selection", "save": False})
    assert result["output"]["markdown"].strip() == "Take **this**."
    assert "note" not in result["output"]
    assert home.household.files() == []


async def test_a_selection_in_a_frame_or_a_shadow_root_is_what_the_person_sees_selected(home: Home) -> None:
    """Made by the mouse, as a person does it: three clicks select a paragraph."""
    home.web.put("/inner/frame", "<p id=f>Words <a href=more>in the frame</a></p><p>Not this.</p>")
    page = await home.browser.tab(
        home.web.put(
            "/outer",
            """<title>Outer</title><p id=p>Words in the page</p>
            <iframe src=/inner/frame></iframe><iframe id=foreign sandbox srcdoc='<p id=s>Of another site</p>'></iframe>
            <div id=open><b>slotted words</b></div><div id=closed></div>
            <script>
              const shadow = (id, mode, html) => { document.getElementById(id).attachShadow({mode}).innerHTML = html }
              shadow('open', 'open', '<p id=o>Shadow and <slot></slot> after</p><p>Not this.</p>')
              shadow('closed', 'closed', '<p id=c>Closed words</p>')
            </script>""",
        )
    )

    async def captured() -> dict[str, Any]:
        return await answered(home, "capturePage", {"part": "selection", "save": False})

    await page.locator("#p").click(click_count=3)
    assert (await captured())["output"]["markdown"].strip() == "Words in the page"
    await page.locator("#o").click(click_count=3, position={"x": 5, "y": 5})
    assert (await captured())["output"]["markdown"].strip() == "Shadow and **slotted words** after"
    await page.frame_locator("iframe[src]").locator("#f").click(click_count=3, position={"x": 5, "y": 5})
    output = (await captured())["output"]
    assert output["markdown"].strip() == f"Words [in the frame]({home.web.url}/inner/more)"
    assert (output["title"], output["url"]) == ("Outer", page.url)

    await page.evaluate("document.activeElement.contentDocument.getSelection().removeAllRanges()")
    await page.frame_locator("#foreign").locator("#s").click(click_count=3)
    failed = await captured()
    assert (failed["status"], failed["error"]["code"]) == ("failed", "nothing_selected")
    assert "another site" in failed["error"]["message"]
    await page.mouse.click(*await centre(page, "#closed"), click_count=3)
    failed = await captured()
    assert (failed["status"], failed["error"]["code"]) == ("failed", "page_not_readable")
    assert "closed" in failed["error"]["message"]


async def centre(page: Page, selector: str) -> tuple[float, float]:
    box = await page.locator(selector).bounding_box()
    assert box is not None
    return box["x"] + 20, box["y"] + box["height"] / 2


async def test_what_the_person_refuses_is_not_done_and_the_assistant_hears_no_more(home: Home) -> None:
    address = home.web.put("/never", "<title>Never</title>")
    result = await answered(home, "openTab", {"url": address}, "refuse")
    assert result["status"] == "refused"
    assert home.web.asked == []
    assert all("/never" not in page.url for page in home.browser.context.pages)


async def test_tabs_are_opened_listed_shown_and_closed(home: Home) -> None:
    address = home.web.put("/boats?berth=7", "")
    home.web.put("/boats", "<title>Boats &amp; berths</title>")
    opened = (await answered(home, "openTab", {"url": address}))["output"]
    host = home.web.url.removeprefix("http://")
    assert opened["host"] == host
    assert opened["title"] in {"", "Boats & berths"}  # it may be loading still
    listed = await home.assistant.call("listTabs", {"query": "berths"})  # reads need no click
    [tab] = listed["output"]["tabs"]
    assert (tab["title"], tab["host"], tab["tab_id"]) == ("Boats & berths", host, opened["tab_id"])
    assert "url" not in tab
    assert listed["output"]["addresses"] == "withheld"
    whole = await answered(home, "listTabs", {"query": "berths", "addresses": True})
    assert whole["output"]["tabs"][0]["url"] == address
    await home.browser.tab("about:blank")
    assert (await answered(home, "focusTab", {"tab_id": tab["tab_id"]}))["status"] == "done"
    assert (await home.assistant.call("listTabs", {"query": "berths"}))["output"]["tabs"][0]["active"]
    assert (await answered(home, "closeTab", {"tab_id": tab["tab_id"]}))["status"] == "done"
    assert (await home.assistant.call("listTabs", {"query": "berths"}))["output"]["tabs"] == []


async def test_a_page_is_bookmarked(home: Home) -> None:
    await home.browser.tab(home.web.put("/boat", "<title>Boat</title>"))
    result = await answered(home, "bookmarkPage", {"folder": "Harbour"})
    assert result["output"] == {
        "title": "Boat",
        "host": home.web.url.removeprefix("http://"),
        "folder": "Harbour",
    }
    page = await home.browser.page("notes.html")
    found = await page.evaluate("chrome.bookmarks.search({title: 'Boat'})")
    assert [mark["url"] for mark in found] == [f"{home.web.url}/boat"]


async def test_an_answer_for_an_hour_is_for_this_action_alone(home: Home) -> None:
    first = home.web.put("/1", "<title>1</title>")
    assert (await answered(home, "openTab", {"url": first}, "hour"))["status"] == "done"
    second = await home.assistant.call("openTab", {"url": home.web.put("/2", "<title>2</title>")})
    assert second["status"] == "done"
    other = await home.assistant.call("bookmarkPage", {}, wait_s=1)
    assert other["status"] == "awaiting_approval"


async def test_pause_refuses_what_waits_and_what_comes(home: Home) -> None:
    waiting = asyncio.create_task(home.assistant.call("openTab", {"url": home.web.put("/1", "")}))
    await home.browser.consent()
    popup = await home.browser.page("popup.html")
    await popup.get_by_role("switch").click()
    assert (await waiting)["status"] == "refused"
    assert (await home.assistant.call("openTab", {"url": home.web.put("/2", "")}))["status"] == "refused"
    assert home.web.asked == []


async def test_a_hundred_requests_are_one_window_and_one_click(home: Home) -> None:
    asked = [
        home.assistant.call("openTab", {"url": home.web.put(f"/{n}", ""), "background": True}, wait_s=0)
        for n in range(100)
    ]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    taken = [answer for answer in answers if isinstance(answer, dict)]
    window = await home.browser.consent()
    assert len([page for page in home.browser.context.pages if "consent.html" in page.url]) == 1

    async def all_there() -> bool:
        now = [await home.assistant.call("getResult", {"command_id": one["id"]}, wait_s=0) for one in taken]
        return all(one["status"] in FINAL | {"awaiting_approval"} for one in now)

    await until(all_there, "the requests")
    assert len((await home.browser.ask("status"))["value"]["waiting"]) == MOST_OF_ONE
    await window.get_by_role("button", name="Refuse all").click()
    for answer in taken:
        assert (await home.assistant.finish(answer, patience_s=30))["status"] in {"refused", "failed"}
    assert home.web.asked == []
    own = await home.browser.page("notes.html")

    async def nothing_on_the_bell() -> bool:
        return bool(await own.evaluate("chrome.action.getBadgeText({})") == "")

    await until(nothing_on_the_bell, "the badge to go")
