"""The pages that anybody may read, and their static files."""

import re
from pathlib import Path

import pytest
from paired_relay import PairedRelay

from deskbell_relay.pages.site import span


async def test_the_status_page_says_what_this_is_and_counts_nobody(relay: PairedRelay) -> None:
    await relay.pair()
    tab = relay.tab()
    await tab.get("/")
    assert "Deskbell relay" in tab.html
    assert f"{relay.url}/openapi.json" in tab.html
    assert re.search(r"\b\d+ (users|accounts|devices)", tab.html) is None


async def test_the_privacy_page_tells_the_settings_as_they_are(tmp_path: Path) -> None:
    relay = await PairedRelay(
        tmp_path, retention_s=36 * 3600, refresh_token_s=30 * 86_400, operator="Ada & Co", contact="ada@bell.example"
    ).start()
    tab = relay.tab()
    await tab.get("/privacy")
    for words in ("36 hours", "30 days", "Ada &amp; Co", "ada@bell.example"):
        assert words in tab.html
    await relay.stop()


async def test_static_files_are_named_by_their_content_and_kept_by_browsers(relay: PairedRelay) -> None:
    tab = relay.tab()
    await tab.get("/")
    paths = re.findall(r'"(/static/page\.[0-9a-f]{12}\.(?:css|js))"', tab.html)
    assert len(paths) == 2
    for path in paths:
        async with relay.session.get(relay.url + path) as answer:
            assert answer.status == 200
            assert answer.content_type in {"text/css", "text/javascript"}
            assert "immutable" in answer.headers["Cache-Control"]
            tag = answer.headers["ETag"]
        async with relay.session.get(relay.url + path, headers={"If-None-Match": tag}) as answer:
            assert (answer.status, await answer.read()) == (304, b"")
        async with relay.session.get(relay.url + path, headers={"If-None-Match": '"other"'}) as answer:
            assert answer.status == 200


@pytest.mark.parametrize(
    "path", ["/static/../cookie.py", "/static/page.css", "/static/%2e%2e/cookie.py", "/templates/base.html"]
)
async def test_nothing_else_of_the_folder_is_served(relay: PairedRelay, path: str) -> None:
    async with relay.session.get(relay.url + path) as answer:
        assert answer.status == 404


async def test_every_input_has_a_label_and_what_changes_is_announced(relay: PairedRelay) -> None:
    laptop = await relay.pair()
    tab = relay.tab()
    await tab.authorize()
    for field in re.findall(r'<input(?![^>]*type="hidden")[^>]*id="([^"]+)"', tab.html):
        assert f'<label for="{field}">' in tab.html
    await tab.enter("BBBB-BBBB")
    assert 'role="alert"' in tab.html
    assert 'aria-invalid="true"' in tab.html
    await tab.enter(await laptop.connect_code())
    assert 'aria-live="polite"' in tab.html
    assert '<noscript><meta http-equiv="refresh"' in tab.html


@pytest.mark.parametrize(
    ("seconds", "words"), [(604_800, "7 days"), (86_400, "1 day"), (5_400, "90 minutes"), (61, "61 seconds")]
)
def test_times_are_told_in_whole_numbers(seconds: int, words: str) -> None:
    assert span(seconds) == words
