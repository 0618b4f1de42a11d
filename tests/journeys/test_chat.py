"""The chat page from end to end: a real relay, a real daemon's yes, the real local model, a real browser, a real note."""

from pathlib import Path

import chromium
import pytest
from chat_browser import Watched
from playwright.async_api import expect

from deskbell_daemon.cli.story import Household, until

QUESTION = "Name three colours of the rainbow."


@pytest.mark.slow
async def test_the_laptop_signs_a_browser_in_and_an_answer_is_read_there_and_saved_as_a_note(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    household = Household(tmp_path, DESKBELL_LOG_LEVEL="warning")
    try:
        await household.start()
        with chromium.running(tmp_path_factory.mktemp("chromium")) as address:
            async with chromium.connected(address) as browser:
                context = await browser.new_context()
                context.set_default_timeout(20_000)
                page = await context.new_page()
                watched = Watched(page, household.url)
                await page.goto(f"{household.url}/chat")
                await page.click("text=Sign in with my laptop")
                await page.fill("#code", await household._code())
                await page.click("text=Continue")
                await page.wait_for_selector("text=Now say yes")
                seen: list[dict[str, object]] = []
                await household._approve(seen.append)
                assert str(seen[0]["name"]).startswith("Chat page in"), "the laptop's question says what asks"
                await page.wait_for_selector("button[name=send]:enabled")
                await page.check("[name=note]")
                await page.fill("#prompt", QUESTION)
                await page.press("#prompt", "Enter")
                await expect(page.locator("[data-state=end] .answer")).not_to_be_empty(timeout=60_000)
                await expect(page.locator(".figures")).to_contain_text("tokens/s")
                answer = " ".join((await page.inner_text(".answer")).split())
                assert len(answer) > 10

                async def there_is_a_note() -> bool:
                    return bool(household.files())

                await until(there_is_a_note, "the answer's note")
                note = household.notes / household.files()[0]

                async def it_is_whole() -> bool:
                    return answer.split()[-1] in note.read_text()

                await until(it_is_whole, "the whole answer in the note")
                async with household.local() as daemon:
                    [grant] = (await daemon.get("/v1/relay/grants"))["grants"]
                    await daemon.delete(f"/v1/relay/grants/{grant['id']}")
                await page.reload()
                await expect(page.locator("main")).to_contain_text("Your session has ended")
                assert watched.foreign == []
                await context.close()
    finally:
        await household.stop()
