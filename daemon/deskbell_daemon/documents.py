"""What the loopback API shows of commands, as JSON objects."""

import json
from collections.abc import Iterable
from typing import Any

from deskbell_daemon.gate.approvals import Approvals
from deskbell_daemon.ledger import Entry
from deskbell_wire import clock


def requests_document(approvals: Approvals) -> dict[str, Any]:
    """`requests`: the commands that wait, with their exact arguments and the `words` that would be executed.

    `allowances`: what may run unasked for a while.
    """
    return {
        "requests": [
            {
                "id": request.job.id,
                "action": request.job.action.id,
                "title": request.job.subject.title,
                "risk": request.job.action.risk,
                "arguments": request.job.command.arguments,
                "words": list(request.job.subject.words),
                "assistant": request.job.command.assistant.model_dump(),
                "asked_at": clock.to_timestamp(request.asked_us),
                "expires_at": request.job.command.expires_at,
            }
            for request in approvals.requests()
        ],
        "allowances": [
            {
                "action": allowance.action,
                "title": allowance.title,
                "grant_id": allowance.grant_id,
                "assistant": allowance.assistant,
                "until": clock.to_timestamp(allowance.until_us),
            }
            for allowance in approvals.allowances()
        ],
    }


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
