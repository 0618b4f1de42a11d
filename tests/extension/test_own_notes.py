"""Notes of a browser that has no laptop, and how they go to one that is paired later: none is lost, none comes twice."""

import re
from collections.abc import AsyncIterator

import pytest_asyncio
from browser import SECONDS, Browser
from home import Home
from playwright.async_api import Page, expect
from web_site import Web

from deskbell_daemon.cli.story import Household, until

COUNT = 60
"""So many that the hand-over is still under way when the browser is seen to be paired."""
LONG_MS = SECONDS * 1_000


@pytest_asyncio.fixture(loop_scope="session")
async def household(home: Home, browser: Browser) -> AsyncIterator[Household]:
    """That of the shared home: the test's own browser comes to it, and goes again."""
    yield home.household
    await browser.ask("unpair")  # else the home's own would no longer be the one that an assistant means


async def write_note(browser: Browser, title: str, body: str) -> Page:
    """On the notes page, as a person does."""
    page = await browser.page("notes.html")
    await page.locator("#new").click()
    await page.locator("#title").fill(title)
    await page.locator("#body").fill(body)
    await page.locator("#save").click()
    await expect(page.get_by_text(f"Saved as {title}.md.")).to_be_visible(timeout=LONG_MS)
    return page


async def keep(browser: Browser, title: str, body: str) -> None:
    answer = await browser.ask("keepNote", {"title": title, "body": body})
    assert answer["ok"], answer


async def all_arrived(browser: Browser, household: Household, count: int) -> None:
    """The laptop has so many files, and the browser has no note left."""
    page = await browser.page("notes.html")

    async def so() -> bool:
        await page.reload()
        none = page.locator("nav [role=status]").filter(has_text=re.compile(r"\b0 notes"))
        try:
            await none.wait_for(timeout=1_000)
        except Exception:  # noqa: BLE001 - Playwright's own time-out: look again
            return False
        return len(household.files()) >= count

    await until(so, "the notes on the laptop", 90)
    await page.close()


async def test_notes_are_kept_found_and_exported_without_any_laptop(browser: Browser, web: Web) -> None:
    page = await write_note(browser, "Boat", "The *blue* one.")
    await expect(page.locator("article em")).to_have_text("blue")
    tab = await browser.tab(web.put("/tide", "<title>Tide</title><p>High water is at six o'clock in the evening.</p>"))
    number = await (await browser.page("notes.html")).evaluate(
        "address => chrome.tabs.query({}).then(tabs => tabs.find(tab => tab.url === address).id)", tab.url
    )
    kept = await browser.ask("captureTab", {"mode": "page", "tabId": number})
    assert (kept["ok"], kept["value"]["where"]) == (True, "browser"), kept
    page = await browser.page("notes.html")
    await page.locator("#search").fill("evening")
    await expect(page.locator("nav li")).to_have_count(1)
    await expect(page.locator("nav li b")).to_have_text("Tide")
    async with page.expect_download() as download:
        await page.locator("#export-all").click()
    assert (await download.value).suggested_filename == "Deskbell notes.zip"


async def test_they_go_to_the_laptop_that_is_paired_later(browser: Browser, household: Household) -> None:
    await write_note(browser, "Boat", "The *blue* one.\n\n- two oars")
    long = "A line of a long note.\n" * 20_000  # goes over in several pieces
    await keep(browser, "Long", long)
    (household.notes / "Taken.md").parent.mkdir(parents=True, exist_ok=True)
    (household.notes / "Taken.md").write_text("# Another note of that name\n")
    await keep(browser, "Taken", "From the browser.")
    await browser.pair(household)
    await all_arrived(browser, household, 4)
    assert household.files() == ["Boat.md", "Long.md", "Taken 2.md", "Taken.md"]
    assert (household.notes / "Boat.md").read_text().endswith("The *blue* one.\n\n- two oars\n")
    assert (household.notes / "Long.md").read_text().count("A line of a long note.\n") == 20_000
    assert (household.notes / "Taken.md").read_text() == "# Another note of that name\n"
    assert "From the browser." in (household.notes / "Taken 2.md").read_text()


async def test_a_worker_killed_on_the_way_loses_none_and_sends_none_twice(
    browser: Browser, household: Household
) -> None:
    titles = [f"Note {number:02}" for number in range(COUNT)]
    page = await browser.page("notes.html")
    await page.evaluate(
        """async titles => { for (const title of titles) {
            const data = {title, body: `This is ${title}.`}
            await chrome.runtime.sendMessage({id: 1, type: 'keepNote', data, timestamp: 1})
        } }""",
        titles,
    )
    await page.close()
    await browser.pair(household)
    killed = 0
    while killed < 4 and len(household.files()) < COUNT:
        before = len(household.files())

        async def one_more(before: int = before) -> bool:
            return len(household.files()) > before

        await until(one_more, "the next note", 60)
        await browser.kill_worker()
        killed += 1
        await browser.ask("status")  # wakes it
    await all_arrived(browser, household, COUNT)
    assert killed >= 1
    assert household.files() == [f"{title}.md" for title in titles]
    for title in titles:
        assert (household.notes / f"{title}.md").read_text().count(f"This is {title}.") == 1
