"""A browser of the account has its captured page written into the laptop's notes: one more caller, under the laptop's rules."""

import asyncio
from typing import Any

import pytest
from browser_extension import CHROMIUM, BrowserExtension
from mcp_door import at_rest

from deskbell_daemon.local.client import LocalClient
from deskbell_wire.actions import BY_ID

REAL: dict[str, Any] = {"performers": None, "context": None, "catalogue": BY_ID}
NOTE = {"action": "note.create", "arguments": {"title": "Bells", "body": "# Sound\n"}, "idempotency_key": "c1"}


@pytest.fixture
async def open_daemon(owner, places, start):
    """A daemon that really keeps notes; the text is more of its settings."""

    def opened(more: str = ""):
        places.config_file.write_text(places.config_file.read_text() + more)
        return start(places, **REAL)

    return opened


async def paired_browser(daemon, real_relay, places, http):
    extension = BrowserExtension(real_relay, http, daemon.pairings.port)
    await extension.ask("Chrome")
    async with LocalClient(places) as local:
        (asked,) = (await local.get("/v1/relay/approvals"))["approvals"]
        await local.post(f"/v1/relay/approvals/{asked['id']}/approve")
    return real_relay.laptop((await extension.poll())[1])


async def ask(browser, body, wait=10):
    headers = browser.headers | {"Origin": CHROMIUM, "Prefer": f"wait={wait}"}
    async with browser.relay.session.post(f"{browser.relay.url}/v1/commands", json=body, headers=headers) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == CHROMIUM
        return answer.status, await answer.json()


async def test_it_becomes_a_note_that_can_be_undone_and_is_on_record(open_daemon, real_relay, places, http):
    async with open_daemon() as daemon:
        browser = await paired_browser(daemon, real_relay, places, http)
        status, result = await ask(browser, NOTE)
        assert (status, result["status"], result["output"]["path"]) == (200, "done", "Bells.md")
        assert "# Sound" in (places.default_notes / "Bells.md").read_text()
        assert (await ask(browser, NOTE))[1]["id"] == result["id"], "the same key is the same note"
        async with LocalClient(places) as local:
            (done,) = (await local.get("/v1/log"))["commands"]
            assert done["assistant"] == "Chrome"
            await local.post("/v1/undo", {"id": result["id"]})
        assert not (places.default_notes / "Bells.md").exists()
    audit = "".join(path.read_text() for path in places.audit_dir.iterdir())
    assert f'"grant":"{browser.device_id}"' in audit


async def test_a_rule_that_asks_holds_for_a_browser_too(open_daemon, real_relay, places, http):
    async with open_daemon('[consent.assistants."Chrome"]\nwrite = "ask"\n') as daemon:
        browser = await paired_browser(daemon, real_relay, places, http)
        asking = asyncio.create_task(ask(browser, NOTE))
        async with asyncio.timeout(10):
            while not daemon.requests()["requests"]:
                await asyncio.sleep(0.02)
        (request,) = daemon.requests()["requests"]
        assert (request["assistant"]["name"], request["assistant"]["host"]) == ("Chrome", "your own device")
        assert not (places.default_notes / "Bells.md").exists()
        await daemon.refuse(request["id"])
        assert (await asking)[1]["status"] == "refused"


async def test_what_waits_goes_when_the_browser_is_revoked(open_daemon, owner, real_relay, places, http):
    async with open_daemon('[consent]\nwrite = "ask"\n') as daemon:
        browser = await paired_browser(daemon, real_relay, places, http)
        _, asked = await ask(browser, NOTE, wait=0)
        async with asyncio.timeout(10):
            while not daemon.requests()["requests"]:
                await asyncio.sleep(0.02)
        async with LocalClient(places) as local:
            await local.delete(f"/v1/relay/devices/{browser.device_id}")
        await at_rest(real_relay, owner, asked["id"], "cancelled")
        async with asyncio.timeout(10):
            while daemon.requests()["requests"]:
                await asyncio.sleep(0.02)
    assert not places.default_notes.exists() or not list(places.default_notes.glob("*.md"))
