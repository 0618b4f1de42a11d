"""`python -m deskbell_daemon` as it ships: a command becomes a note on disk, read back through the same line."""

import asyncio
import os
import signal
import subprocess
import sys

from deskbell_daemon.ledger import Ledger, new_entry
from deskbell_daemon.local.client import LocalClient
from deskbell_daemon.notes.room import NotesRoom
from deskbell_wire.command import Command
from deskbell_wire.ids import run_of
from deskbell_wire.notes import DraftNote
from deskbell_wire.result import Failure, Report


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


async def test_a_draft_that_a_full_disk_left_is_ended_at_the_next_start(relay, paired, start):
    paired.default_notes.mkdir(parents=True)
    args = DraftNote(title="Left", prompt="?")
    command = Command.model_validate(relay.command(args.model_dump(exclude_none=True), action="note.draft"))
    room = NotesRoom.open(paired.default_notes, paired.state_dir)
    room.drafts.begin(args, command.id, run_of(command.id), numbered=True).pour("half of it")
    room.close()
    ledger = Ledger(paired.ledger_file)
    report = Report(status="failed", error=Failure(code="disk_full", message="The disk is full."))
    await ledger.admit(new_entry(command, "finished", report), None, ledger.begin_stream())
    await ledger.close()
    note = paired.default_notes / "Left.md"
    assert "status: drafting" in note.read_text()
    async with start(paired, performers=None, context=None):
        async with asyncio.timeout(20):
            while "status: drafting" in note.read_text():
                await asyncio.sleep(0.02)  # a file tells nobody
    assert "status: partial" in note.read_text(), "the relay no longer knows that run"
    assert note.read_text().endswith("half of it\n")
