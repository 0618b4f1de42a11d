"""The event that peers carry: as long as one of Deskbell's command frames, so that all move the same bytes."""

import json

from bench.load.mark import BLANK

TEXT = "Milk, bread, and the good coffee. " * 4

PAYLOAD = json.dumps(
    {
        "id": "cmd_0193a2b4-7c1e-7f00-8000-000000000000",
        "action": "note.create",
        "arguments": {"title": f"Bench {BLANK.decode()}", "body": TEXT},
        "device_id": "dev_0193a2b4-7c1e-7f00-8000-000000000000",
        "assistant": {"grant_id": "gra_0193a2b4-7c1e-7f00-8000-000000000000", "name": "Bench", "host": "127.0.0.1"},
        "received_at": "2026-11-20T10:00:00.000000Z",
        "expires_at": "2026-11-27T10:00:00.000000Z",
    }
)
