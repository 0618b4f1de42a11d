"""The extension on this laptop is paired with one click here and one there, when both show the same six digits."""

import asyncio
import re

import aiohttp
import pytest
from browser_extension import FIREFOX, BrowserExtension
from browser_pages import link

from deskbell_daemon.cli.commands.consent import facts_of, summary
from deskbell_daemon.local.client import LocalClient


def spaced(digits: str) -> str:
    return f"{digits[:3]} {digits[3:]}"


async def approvals(places):
    async with LocalClient(places) as local:
        return (await local.get("/v1/relay/approvals"))["approvals"]


async def answer(places, approval_id, word):
    async with LocalClient(places) as local:
        await local.post(f"/v1/relay/approvals/{approval_id}/{word}", {"by": "tray"})


@pytest.mark.parametrize("origin", ["chromium", FIREFOX])
async def test_both_show_the_same_digits_and_a_yes_lets_it_in(extension, owner, places, origin):
    extension.origin = extension.origin if origin == "chromium" else origin
    digits = await extension.ask("Chrome on Linux")
    (asked,) = await approvals(places)
    assert (asked["kind"], asked["name"], asked["digits"]) == ("device", "Chrome on Linux", spaced(digits))
    assert await extension.state() == "waiting"
    await answer(places, asked["id"], "approve")
    assert await extension.state() == "approved"
    status, tokens = await extension.poll()
    assert status == 200
    _, devices = await owner.call("GET", "/v1/devices")
    assert {row["kind"] for row in devices["devices"] if row["id"] == tokens["device_id"]} == {"extension"}


async def test_a_no_keeps_it_out(extension, places):
    await extension.ask()
    (asked,) = await approvals(places)
    await answer(places, asked["id"], "deny")
    assert await extension.state() == "denied"
    status, error = await extension.poll()
    assert (status, error["error"]) == (400, "access_denied")


async def test_page_command_line_and_tray_show_the_digits_and_hear_of_it_at_once(extension, daemon, places):
    with daemon.changes.listen() as heard:
        digits = await extension.ask("Firefox")
        async with asyncio.timeout(5):
            while (change := await heard.get()) is None or change[0] != "approval":
                pass
    (asked,) = await approvals(places)
    assert spaced(digits) in facts_of(asked)
    assert spaced(digits) in summary(asked)[0]
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as browser, browser.get(await link(places, "access")) as page:
        html = await page.text()
    assert "Does the extension show" in html
    assert spaced(digits) in html


async def test_digits_stand_in_no_log_and_not_in_the_audit(extension, places, capfd):
    digits = await extension.ask("Chrome")
    (asked,) = await approvals(places)
    await answer(places, asked["id"], "approve")
    audit = "".join(path.read_text() for path in places.audit_dir.iterdir())
    assert asked["id"] in audit
    assert '"event":"extension_asked"' in audit
    written = audit + "".join(capfd.readouterr())
    for secret in (digits, spaced(digits), extension.body["user_code"], extension.body["nonce"]):
        assert secret not in written


async def test_the_latest_is_the_one_that_is_asked_about(extension, http, real_relay, places):
    other = BrowserExtension(real_relay, http, int(extension.url.rpartition(":")[2]), FIREFOX)
    await extension.ask("First")
    digits = await other.ask("Second")
    (asked,) = await approvals(places)
    assert (asked["name"], asked["digits"]) == ("Second", spaced(digits))
    assert (await extension.state(), await other.state()) == ("denied", "waiting")


async def test_a_device_that_came_by_a_typed_code_has_no_digits(extension, real_relay, places):
    code = await real_relay.device_code("Tablet")
    async with LocalClient(places) as local:
        claimed = await local.post("/v1/relay/approvals/claim", {"user_code": code["user_code"]})
    assert claimed["digits"] is None
    assert [row["digits"] for row in await approvals(places)] == [None]
    assert "Number" not in facts_of(claimed)


async def test_status_says_where_the_door_is(daemon, places, extension):
    async with LocalClient(places) as local:
        status = await local.get("/v1/status")
    assert (status["extension_port"], status["extension_problem"]) == (daemon.pairings.port, None)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", extension.url)
