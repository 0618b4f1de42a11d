"""The pages as pictures, dark and light; and that the hostile text on them is harmless."""

import pytest
from asking import TRASH, waiting

from deskbell_wire import clock


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_can_be_looked_at(relay, paired, start, open_tab, scheme):
    now = clock.to_timestamp(clock.now_us())
    relay.rows["approvals"] = [
        {
            "id": "apr_1",
            "kind": "assistant",
            "name": "Claude \u202eexe.txt",
            "host": "claude.ai",
            "scopes": ["notes:read", "local:run"],
            "actions": [],
            "status": "pending",
            "created_at": now,
            "expires_at": clock.to_timestamp(clock.now_us() + 5 * clock.MINUTE),
        }
    ]
    relay.rows["grants"] = [
        {
            "id": relay.grant_id,
            "name": "GPT",
            "host": "chatgpt.com",
            "scopes": ["notes:read", "notes:write"],
            "created_at": now,
            "used_at": now,
        }
    ]
    relay.rows["devices"] = [
        {
            "id": relay.device_id,
            "name": "laptop",
            "kind": "daemon",
            "actions": ["note.create"],
            "online": True,
            "created_at": now,
        },
        {
            "id": relay.device_id[:-1] + "0",
            "name": "Firefox on the desk",
            "kind": "extension",
            "actions": ["tab.open"],
            "online": False,
            "created_at": now,
            "last_seen_at": now,
        },
    ]
    async with start(paired):
        first = await relay.send(**TRASH)
        await waiting(relay, first)
        body = "A long text. " * 200
        second = await relay.send(
            action="note.trash", arguments={"path": f"{body[:280]}\u2066\u202e<script>alert(1)</script>"}
        )
        await waiting(relay, second)
        for name in ("requests", "connect", "access", "rules"):
            tab = await open_tab(paired, name)
            await tab.page.emulate_media(color_scheme=scheme)
            if name == "connect":
                await tab.page.click("#c-claude-code summary")
            await tab.picture(f"{name}-{scheme}")
            shown = await tab.text
            assert "\u202e" not in shown and "\u2066" not in shown
            assert tab.errors == []
            if name == "requests":
                assert "⟦U+202E⟧<script>alert(1)</script>" in shown
                assert "Claude ⟦U+202E⟧exe.txt" in shown
                assert await tab.page.title() == "(3) Waiting for you · Deskbell"


async def test_an_edit_is_shown_as_a_difference_and_a_long_text_is_folded(relay, paired, start, open_tab):
    paired.config_file.write_text(
        paired.config_file.read_text() + '[consent.actions]\n"note.edit" = "ask"\n"note.create" = "ask"\n'
    )
    paired.default_notes.mkdir(parents=True)
    text = "\n".join(f"Line {number} of the plan." for number in range(1, 30))
    (paired.default_notes / "Plan.md").write_text(text)
    async with start(paired, performers=None, context=None) as daemon:
        version = (await relay.report(await relay.send(action="note.read", arguments={"path": "Plan.md"})))["output"][
            "version"
        ]
        edit = {
            "path": "Plan.md",
            "version": version,
            "find": "Line 7 of the plan.",
            "replacement": "Line 7\u202e, <b>new</b>.",
        }
        command = await relay.send(action="note.edit", arguments=edit)
        await waiting(relay, command)
        long = await relay.send(arguments={"title": "Long", "body": "Word and word. " * 2_000})
        await waiting(relay, long)
        tab = await open_tab(paired)
        await tab.picture("edit")
        shown = await tab.text
        assert "-Line 7 of the plan." in shown and "+Line 7⟦U+202E⟧, <b>new</b>." in shown
        assert "@@ -4,7 +4,7 @@" in shown
        assert "30,000 characters, 1 line" in shown
        folded = tab.page.locator(f"#r-{long} details pre").first
        assert not await folded.is_visible()
        await tab.page.click(f"#r-{long} dl summary")
        assert len(await folded.inner_text()) >= 29_999
        # A refresh while one reads keeps what is open, and the place of the keyboard.
        another = await relay.send(arguments={"title": "Another", "body": "x"})
        await tab.page.wait_for_selector(f"#r-{another}")
        assert await folded.is_visible()
        await tab.page.set_viewport_size({"width": 380, "height": 800})
        await tab.picture("narrow")
        assert await tab.page.evaluate("document.documentElement.scrollWidth <= 380")
        assert tab.errors == []
        assert len(daemon.requests()["requests"]) == 3
