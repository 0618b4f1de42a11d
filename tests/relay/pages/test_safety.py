"""What a hostile page, link or name cannot do to the person at the relay's pages."""

import re
from pathlib import Path

import pytest
from paired_relay import CALLBACK, CLIENT, PairedRelay
from sqlalchemy import update

from deskbell_relay.pages.cookie import Browser
from deskbell_relay.pages.neutral import neutral
from deskbell_relay.store.identity_tables import clients

PAGES = ("/", "/chat", "/shared/x", "/pair", "/privacy", "/oauth/authorize?client_id=nobody", "/oauth/authorize/req_x")


@pytest.mark.parametrize("path", PAGES)
async def test_no_page_can_be_framed_or_run_a_script_that_is_not_ours(relay: PairedRelay, path: str) -> None:
    async with relay.session.get(relay.url + path) as answer:
        policy, html = answer.headers["Content-Security-Policy"], await answer.text()
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "unsafe" not in policy
    for directive in (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
    ):
        assert directive in policy
    assert re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?! src=)", html) is None
    assert '<html lang="en">' in html


@pytest.mark.parametrize("name", ["code", "cancel"])
async def test_a_form_from_elsewhere_is_refused_with_a_page_and_changes_nothing(relay: PairedRelay, name: str) -> None:
    laptop = await relay.pair()
    tab, other = relay.tab(), relay.tab()
    await tab.authorize()
    await other.authorize()
    path = tab.path + ("/cancel" if name == "cancel" else "")
    code, good = await laptop.connect_code(), tab.csrf
    for csrf, headers in (
        ("", {}),
        ("0" * 64, {}),
        (other.csrf, {}),
        (good, {"Origin": "https://evil.example"}),
        (good, {"Sec-Fetch-Site": "cross-site"}),
        (good, {"Sec-Fetch-Site": "same-site"}),
    ):
        answer = await tab.post(path, headers=headers, csrf=csrf, code=code)
        assert answer.status == 403
        assert answer.content_type == "text/html"
        assert "csrf_failed" in tab.html
    tab.csrf = good
    await tab.get(tab.path)
    assert "Code from your laptop" in tab.html
    await tab.enter(code)
    assert "Now say yes" in tab.html


async def test_a_form_without_the_browsers_cookie_is_refused(relay: PairedRelay) -> None:
    tab = relay.tab()
    await tab.authorize()
    async with relay.session.post(relay.url + tab.path, data={"csrf": tab.csrf, "code": "BBBB-BBBB"}) as answer:
        assert answer.status == 403


async def test_the_cookie_is_out_of_reach_of_scripts_and_neighbours(relay: PairedRelay) -> None:
    query = {"response_type": "code", "client_id": CLIENT, "redirect_uri": CALLBACK}
    async with relay.session.get(f"{relay.url}/oauth/authorize", params=query, allow_redirects=False) as answer:
        cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert Browser("https://bell.example").name == "__Host-deskbell"


@pytest.mark.parametrize(
    "address",
    [
        CALLBACK + "/",
        CALLBACK + "?x=1",
        "https://evil.example/",
        "//evil.example",
        "https://chatgpt.com@evil.example/aip/g-1/oauth/callback",
        "https://chatgpt.com:8443/aip/g-1/oauth/callback",
        "http://chatgpt.com/aip/g-1/oauth/callback",
        "https://chatgрt.com/aip/g-1/oauth/callback",
        "javascript:alert(1)",
        "",
    ],
)
async def test_an_address_that_is_not_registered_gets_a_page_and_never_a_redirect(
    relay: PairedRelay, address: str
) -> None:
    tab = relay.tab()
    answer = await tab.authorize(redirect_uri=address)
    assert (answer.status, answer.content_type) == (400, "text/html")
    assert "Location" not in answer.headers
    assert "Refresh" not in answer.headers
    assert "evil.example" not in tab.html


@pytest.mark.parametrize("parameter", ["next", "continue", "return_to", "url", "redirect"])
@pytest.mark.parametrize("path", ["/", "/pair", "/privacy"])
async def test_no_page_follows_a_stranger_to_another_address(relay: PairedRelay, path: str, parameter: str) -> None:
    tab = relay.tab()
    answer = await tab.get(path, **{parameter: "//evil.example"})
    assert answer.status == 200
    assert "evil.example" not in tab.html


async def test_a_name_with_markup_or_turned_writing_is_shown_and_does_nothing(relay: PairedRelay) -> None:
    name = "Evil\u202e\u2066\u200b<img src=x onerror=alert(1)>\"'</bdi><script>alert(1)</script>\x07"
    await relay.core.store.write(lambda c: c.execute(update(clients).values(name=name)).rowcount)
    tab = relay.tab()
    await tab.authorize()
    assert "<script>alert" not in tab.html
    assert "<img" not in tab.html
    assert "&lt;img src=x onerror=alert(1)&gt;" in tab.html
    assert re.search("[\u202a-\u202e\u2066-\u2069\u200b-\u200f\x00-\x08]", tab.html) is None
    shown = re.search(r"<dd><bdi>(.*?)</bdi></dd>", tab.html)
    assert shown
    assert shown[1].startswith("Evil&lt;img")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  My\n\tGPT ", "My GPT"),
        ("\u202emoc.live", "moc.live"),
        ("a\u0301\u0301\u0301\u0301\u0301", "á\u0301\u0301"),
        ("\u200b\u2060\ufeff", "(no name)"),
        ("", "(no name)"),
        ("x" * 300, "x" * 79 + "…"),
        ("日本語 عربي", "日本語 عربي"),
    ],
)
def test_names_are_one_visible_line(text: str, shown: str) -> None:
    assert neutral(text) == shown


@pytest.mark.parametrize("code", ["<script>alert(1)</script>", "WDJB-MJH", "AEIO-UAEI", "WDJB-MJHT' onload='x", "%00"])
async def test_the_pairing_page_shows_codes_and_nothing_else_that_a_link_carries(relay: PairedRelay, code: str) -> None:
    tab = relay.tab()
    answer = await tab.get("/pair", user_code=code)
    assert answer.status == 200
    assert 'class="code"' not in tab.html
    await tab.get("/pair", user_code="wdjbmjht")
    assert "deskbell approve WDJB-MJHT" in tab.html


async def test_guessing_is_limited_by_address_and_for_all_together(tmp_path: Path) -> None:
    relay = await PairedRelay(tmp_path / "a", pairing_rate="3/minute").start()
    tab = relay.tab()
    await tab.authorize()
    statuses = [(await tab.enter("BBBB-BBBB")).status for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert "rate_limited" in tab.html
    await relay.stop()
    relay = await PairedRelay(tmp_path / "b", code_tries_rate="6/minute").start()
    statuses = []
    for _ in range(4):  # a new request each time, so that none of them ends by itself
        tab = relay.tab()
        await tab.authorize()
        statuses += [(await tab.enter("BBBB-BBBB")).status for _ in range(2)]
    assert statuses == [200] * 6 + [429] * 2
    await relay.stop()
