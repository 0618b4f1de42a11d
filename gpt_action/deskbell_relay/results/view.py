"""A command's row as the result that its assistant, or the account's devices, get to see."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping, Select, select

from deskbell_relay.store.tables import commands, devices
from deskbell_wire.clock import to_timestamp
from deskbell_wire.command import Status
from deskbell_wire.result import Failure, Hops, Result

COLUMNS = (commands, devices.c.name.label("device_name"))

CHECK_AFTER_S = 5
CHECK_AFTER_OFFLINE_S = 60

SENTENCES: dict[Status, str] = {
    "queued": "The device is not reachable right now. The command is queued and runs when it is back, until expires_at.",
    "delivered": "The command has reached the device and is not finished yet.",
    "awaiting_approval": "The person has to approve this on the device; it has not been done yet.",
    "running": "The device is working on it.",
    "refused": "The person at the device refused this. Ask them before you try again.",
    "expired": "The command expired before the device could run it. Nothing was done.",
    "cancelled": "The command was cancelled.",
    "interrupted": "The device stopped in the middle of this command; whether it took effect is not known.",
}


def query() -> Select[Any]:
    """Commands with the name of their device."""
    return select(*COLUMNS).select_from(commands.outerjoin(devices, commands.c.device_id == devices.c.id))


def result_of(row: RowMapping | Mapping[str, Any], *, online: bool = True) -> Result:
    """The result of a row of `query()`; `online` is whether the device is, which decides when to ask again."""
    unfinished = row["finished_at"] is None
    status: Status = row["status"]
    # Constructed, not validated: every value comes from our own database, which was given nothing unchecked.
    return Result.model_construct(
        id=row["id"],
        action=row["action"],
        status=status,
        device=row["device_name"],
        output=None if row["output"] is None else json.loads(row["output"]),
        error=None if row["error"] is None else Failure.model_validate_json(row["error"]),
        progress=row["progress"],
        hops=Hops.model_construct(
            received=to_timestamp(row["received_at"]),
            appended=_instant(row["appended_at"]),
            sent=_instant(row["sent_at"]),
            acted=_instant(row["acted_at"]),
            returned=_instant(row["returned_at"]),
        ),
        expires_at=to_timestamp(row["expires_at"]) if unfinished else None,
        check_after_s=(CHECK_AFTER_S if online else CHECK_AFTER_OFFLINE_S) if unfinished else None,
        message=SENTENCES.get(status),
    )


def _instant(us: int | None) -> str | None:
    return None if us is None else to_timestamp(us)
