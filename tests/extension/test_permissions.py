"""What the shipped extension may do, and who may speak to it: no more than is written here."""

import json
from pathlib import Path
from typing import Any

import pytest
from browser import ID
from home import Home
from playwright.async_api import Error

REQUIRED = {"storage", "alarms", "scripting", "activeTab", "notifications", "contextMenus"}
DOORS = {"externally_connectable", "web_accessible_resources", "content_scripts", "host_permissions", "sandbox"}
"""Ways in that a manifest can open; none is there."""


def manifest_of(build: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((build / "manifest.json").read_text())
    return manifest


@pytest.fixture(params=["chrome", "firefox"])
def manifest(request: pytest.FixtureRequest, shipped_build: Path, firefox_build: Path) -> dict[str, Any]:
    return manifest_of(shipped_build if request.param == "chrome" else firefox_build)


def test_permissions_are_those_of_the_list(manifest: dict[str, Any]) -> None:
    side_panel = {"sidePanel"} if "key" in manifest else set()  # Firefox has a sidebar, which needs none
    assert manifest["manifest_version"] == 3
    assert set(manifest["permissions"]) == REQUIRED | side_panel
    assert set(manifest["optional_permissions"]) == {"tabs", "bookmarks"}
    assert manifest["optional_host_permissions"] == ["*://*/*"]
    assert DOORS.isdisjoint(manifest)


def test_the_policy_lets_nothing_remote_run(manifest: dict[str, Any]) -> None:
    policy = manifest["content_security_policy"]["extension_pages"]
    rules = {words[0]: set(words[1:]) for words in (rule.split() for rule in policy.split(";"))}
    assert rules["default-src"] == rules["script-src"] == {"'self'"}
    assert rules["connect-src"] == {"'self'", "https:", "http://127.0.0.1:*"}
    assert rules["object-src"] == rules["frame-src"] == rules["base-uri"] == rules["form-action"] == {"'none'"}
    assert rules["img-src"] == {"'self'", "data:"}
    assert rules["require-trusted-types-for"] == {"'script'"}


async def test_no_page_of_the_web_can_speak_to_it_or_show_its_pages(home: Home) -> None:
    page = await home.browser.tab(home.web.put("/", "<title>Page</title>"))
    speak = """async ([id, message]) => {
        if (typeof chrome?.runtime?.sendMessage !== 'function') return 'no door'
        try { return JSON.stringify(await chrome.runtime.sendMessage(id, message)) } catch (error) { return 'refused' }
    }"""
    message = {"id": 1, "type": "accessToken", "timestamp": 1}
    assert await page.evaluate(speak, [ID, message]) in {"no door", "refused"}
    for name in ("popup.html", "consent.html", "manifest.json", "background.js"):
        address = f"chrome-extension://{ID}/{name}"
        assert (
            await page.evaluate("address => fetch(address).then(() => 'read', () => 'refused')", address) == "refused"
        )
    framed = f"<iframe id=f src='chrome-extension://{ID}/consent.html'></iframe>"
    page = await home.browser.tab(home.web.put("/frame", framed))
    assert [frame.url for frame in page.frames if frame.url.startswith(f"chrome-extension://{ID}")] == []
    assert await page.evaluate("window.open('chrome-extension://" + ID + "/consent.html')?.length ?? 'none'") in {
        0,
        "none",
    }
    assert await page.evaluate("postMessage({type: 'accessToken', id: 1, timestamp: 1}, '*') ?? 'silence'") == "silence"


async def test_what_runs_in_a_page_reaches_neither_token_nor_background(home: Home) -> None:
    """A content script, the only one of the extension's worlds that a broken page process could take over."""
    page = await home.browser.tab(home.web.put("/", "<title>Page</title>"))
    own = await home.browser.page("notes.html")
    number = await own.evaluate(
        "address => chrome.tabs.query({}).then(tabs => tabs.find(tab => tab.url === address).id)", page.url
    )
    run = """number => chrome.scripting.executeScript({target: {tabId: number}, func: async () => {
        const tried = {}
        for (const area of ['local', 'session']) {
            try { tried[area] = Object.keys(await chrome.storage[area].get()).length } catch (error) { tried[area] = 'refused' }
        }
        tried.databases = (await indexedDB.databases()).length
        for (const type of ['accessToken', 'status', 'approve']) {
            const data = {id: 'c_1', scope: 'hour'}
            tried[type] = await chrome.runtime.sendMessage({id: 1, type, data, timestamp: 1})
        }
        return tried
    }}).then(([{result}]) => result)"""
    tried = await own.evaluate(run, number)
    assert (tried["local"], tried["session"], tried["databases"]) == ("refused", "refused", 0)
    for type_ in ("accessToken", "status", "approve"):
        answer = tried[type_].get("res", tried[type_])
        assert answer["ok"] is False
        assert answer["problem"]["code"] == "foreign_origin"


async def test_its_own_pages_run_no_text_as_script(home: Home) -> None:
    page = await home.browser.page("notes.html")
    for text in ("document.body.innerHTML = '<b>markup</b>'", "document.createElement('script').src = 'data:,1'"):
        with pytest.raises(Error, match="This document requires 'Trusted"):
            await page.evaluate(f"() => {{ {text} }}")
