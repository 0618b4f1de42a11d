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
