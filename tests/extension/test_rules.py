"""The person's rules in a real browser: given in the side panel, to one assistant, and followed at once."""

from browser import SECONDS
from home import Home
from playwright.async_api import expect

from deskbell_daemon.cli.story import until


async def test_one_assistant_is_ruled_in_the_side_panel(home: Home) -> None:
    address = home.web.put("/boats", "<title>Boats</title>")
    assert (await home.assistant.call("listTabs", {}))["status"] == "done"
    panel = await home.browser.page("sidepanel.html")
    await panel.locator("#tab-rules").click()
    whose = panel.locator("#rules-for")
    await expect(whose).to_be_visible(timeout=SECONDS * 1_000)
    name = await whose.locator("option").nth(1).inner_text()
    assert name.endswith("127.0.0.1") or "·" in name, name
    await whose.select_option(index=1)

    await panel.get_by_label("Reading").select_option("refuse")
    await expect(panel.get_by_label("See the open tabs").locator("option").first).to_have_text("As for all: refuse")
    assert (await home.assistant.call("listTabs", {}))["status"] == "refused"

    await panel.get_by_label("Open a page in a tab").select_option("run")

    async def ruled() -> bool:
        known = (await home.browser.ask("rules", {}))["value"]["assistants"]
        lines = (await home.browser.ask("rules", {"grant": known[0]["grant"]}))["value"]["rules"]
        return any((line["subject"], line["rule"]) == ("tab.open", "run") for line in lines)

    await until(ruled, "the rule")  # the panel sends it, and waits for no answer
    assert (await home.assistant.call("openTab", {"url": address}))["status"] == "done"

    async def asked() -> bool:
        return home.web.asked != []

    await until(asked, "the page", SECONDS)
    assert all("consent.html" not in page.url for page in home.browser.context.pages)

    await whose.select_option("")
    await expect(panel.get_by_label("Reading").locator("option:checked")).to_have_text("As usual: run")
