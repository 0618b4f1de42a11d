"""What is asked of a browser: addresses that it may open, tabs by number, and which kind of device does what."""

import pytest
from pydantic import ValidationError

from deskbell_wire.actions import BROWSER, BY_ID, DAEMON_ACTIONS, DEVICE_ACTIONS, EXTENSION_ACTIONS
from deskbell_wire.pages import CapturePage
from deskbell_wire.tabs import MAX_ADDRESS_CHARACTERS, FocusTab, OpenTab


@pytest.mark.parametrize(
    "address",
    [
        "https://en.wikipedia.org/wiki/Bell_(instrument)?action=raw#Sound",
        "http://127.0.0.1:8080/",
        "HTTPS://EXAMPLE.ORG",
        "https://bücher.example/ä",
        "https://example.org/a@b",
    ],
)
def test_a_web_page_can_be_opened(address: str) -> None:
    assert OpenTab(url=address).url == address


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "file:///etc/passwd",
        "chrome://settings",
        "about:blank",
        "view-source:https://example.org",
        "blob:https://example.org/1",
        "example.org",
        "//example.org",
        "https://",
        "https:///",
        "https:example.org",
        " https://example.org",
        "https://example.org/a b",
        "java\tscript://example.org",
        "https://example.org/\n",
        "https://chatgpt.com@evil.example/",
        "https://chatgpt.com\\@evil.example/",
        "https://example.org/" + "a" * MAX_ADDRESS_CHARACTERS,
        "",
    ],
)
def test_nothing_else_is_an_address_to_open(address: str) -> None:
    with pytest.raises(ValidationError):
        OpenTab(url=address)


@pytest.mark.parametrize("number", [-1, 2**53, 1.5, "x", None])
def test_a_tab_is_named_by_its_number_alone(number: object) -> None:
    with pytest.raises(ValidationError):
        FocusTab.model_validate({"tab_id": number})


def test_a_capture_is_of_the_page_in_view_and_is_kept_unless_the_caller_says_otherwise() -> None:
    assert CapturePage().model_dump() == {
        "tab_id": None,
        "part": "page",
        "save": True,
        "title": None,
        "folder": "",
        "tags": [],
    }


def test_what_touches_the_browser_asks_first_and_is_the_browsers_alone() -> None:
    browser = {a for a in DEVICE_ACTIONS if BY_ID[a].kinds == BROWSER}
    assert browser == {a for a in DEVICE_ACTIONS if a.partition(".")[0] in ("tab", "page")}
    assert {a for a in browser if BY_ID[a].risk != "act"} == {"tab.list"}
    assert DAEMON_ACTIONS | EXTENSION_ACTIONS == DEVICE_ACTIONS
    assert {a.partition(".")[0] for a in DAEMON_ACTIONS & EXTENSION_ACTIONS} == {"note"}
