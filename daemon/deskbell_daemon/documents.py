"""What the loopback API shows of commands and problems, as JSON objects."""

import hashlib
import json
from collections.abc import Callable, Iterable
from typing import Any

from deskbell_daemon.gate.approvals import Request
from deskbell_daemon.gate.desk import Desk
from deskbell_daemon.ledger import Entry
from deskbell_daemon.places import Places
from deskbell_wire import clock
from deskbell_wire.errors import Problem

MOST_DIFFS = 20


def brief(problem: Problem | None) -> dict[str, str] | None:
    """What a status says of something that is broken: `code` and `detail`."""
    return None if problem is None else {"code": problem.code, "detail": problem.detail}


def requests_document(desk: Desk) -> dict[str, Any]:
    """`requests`: the commands that wait, with their exact arguments and the `words` that would be executed.

    `definition`: the hash of what is asked for; `group`: the same for what one assistant asks of one thing;
    `note`: what the person should know besides. `allowances`: what may run unasked for a while.
    """
    return {
        "requests": [_request(desk, request) for request in desk.approvals.requests()],
        "allowances": [
            {
                "action": allowance.action,
                "title": allowance.title,
                "grant_id": allowance.grant_id,
                "assistant": allowance.assistant,
                "until": clock.to_timestamp(allowance.until_us),
            }
            for allowance in desk.approvals.allowances()
        ],
    }


def _request(desk: Desk, request: Request) -> dict[str, Any]:
    job = request.job
    thing, definition = desk.identity(job)
    return {
        "id": job.id,
        "action": job.action.id,
        "title": job.subject.title,
        "risk": job.action.risk,
        "arguments": job.command.arguments,
        "words": list(job.subject.words),
        "assistant": job.command.assistant.model_dump(),
        "asked_at": clock.to_timestamp(request.asked_us),
        "expires_at": job.command.expires_at,
        "definition": definition,
        "group": hashlib.sha256(f"{job.command.assistant.grant_id} {thing}".encode()).hexdigest()[:16],
        "note": desk.note(job.id),
    }


def add_diffs(requests: list[dict[str, Any]], context: Callable[[str], Any]) -> None:
    """`diff` for each `note.edit`: what it would change in the note as it is now. Blocks.

    `context`: of the daemon's notes, for a command's id.
    """
    from deskbell_daemon.notes.preview import edit_diff  # late: most never ask

    for request in [request for request in requests if request["action"] == "note.edit"][:MOST_DIFFS]:
        try:
            request["diff"] = edit_diff(context(request["id"]).notes, request["arguments"])
        except Problem as problem:
            request["diff"] = f"It cannot be done as the note is now: {problem.detail}"


def settings_facts(places: Places) -> dict[str, Any]:
    """The hash of config.toml, for the audit log. Blocks."""
    try:
        return {"settings_hash": hashlib.sha256(places.config_file.read_bytes()).hexdigest()}
    except OSError:
        return {"settings_hash": "none"}


def log_document(entries: Iterable[Entry]) -> dict[str, Any]:
    """`commands`, in the order given: what, for whom, when, and how it ended. No arguments and no output."""
    return {"commands": [_command(entry) for entry in entries]}


def _command(entry: Entry) -> dict[str, Any]:
    report = json.loads(entry.report) if entry.report else {}
    return {
        "id": entry.id,
        "action": entry.action,
        "assistant": entry.assistant,
        "status": report.get("status")
        or {"waiting": "awaiting_approval", "started": "running"}.get(entry.state, "queued"),
        "error": report.get("error"),
        "received_at": clock.to_timestamp(entry.received_us),
        "started_at": _instant(entry.started_us),
        "finished_at": _instant(entry.finished_us),
        "reported_at": _instant(entry.reported_us),
        "outcome": entry.outcome,
    }


def _instant(us: int | None) -> str | None:
    return None if us is None else clock.to_timestamp(us)
