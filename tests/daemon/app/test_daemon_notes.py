"""`python -m deskbell_daemon` as it ships: a command becomes a note on disk, read back through the same line."""

import asyncio
import os
import signal
import subprocess
import sys

from deskbell_daemon.local.client import LocalClient


async def test_the_shipped_daemon_writes_and_reads_a_note(relay, paired):
    environment = {**os.environ, "DESKBELL_HOME": str(paired.config_file.parent.parent)}
    process = subprocess.Popen([sys.executable, "-m", "deskbell_daemon"], env=environment)
    try:
        command_id = await relay.send(arguments={"title": "Boat", "body": "canary-text-of-the-note"})
        report = await relay.report(command_id, 60)
        assert report["status"] == "done", report
        note = paired.default_notes / report["output"]["path"]
        assert "canary-text-of-the-note" in note.read_text()
        read = await relay.report(await relay.send(action="note.read", arguments={"path": report["output"]["path"]}))
        assert "canary-text-of-the-note" in read["output"]["text"]
        missing = await relay.report(await relay.send(action="note.read", arguments={"path": "nothing.md"}))
        assert missing["error"]["code"] == "note_not_found"
        async with LocalClient(paired) as client:
            status = await client.get("/v1/status")
            assert status["notes_problem"] is None
            assert status["notes_folder"] == str(paired.default_notes)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 30) == 0
    finally:
        process.kill()
        await asyncio.to_thread(process.wait)
    assert b"canary" not in paired.log_file.read_bytes()


async def test_a_notes_folder_that_cannot_be_opened_is_said_and_tried_again(relay, paired, start):
    paired.default_notes.parent.mkdir(parents=True, exist_ok=True)
    paired.default_notes.write_text("a file where the folder should be")
    async with start(paired, performers=None, context=None) as daemon:
        report = await relay.report(await relay.send())
        assert report["status"] == "failed"
        assert report["error"]["code"] != "internal"
        assert (await daemon.status())["notes_problem"]["detail"]
        paired.default_notes.unlink()
        assert (await relay.report(await relay.send()))["status"] == "done"
        assert (await daemon.status())["notes_problem"] is None
