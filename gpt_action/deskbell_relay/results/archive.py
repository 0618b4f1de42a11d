"""The account's commands in the database: look up, report, cancel, expire, forget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, or_, select, union_all, update

from deskbell_relay.channel import log
from deskbell_relay.delivery.sent import Mark
from deskbell_relay.results.view import query, result_of
from deskbell_relay.store.prepared import Prepared, names_of, one_of, parameter
from deskbell_relay.store.tables import commands, devices, grants
from deskbell_wire.clock import HOUR, now_us
from deskbell_wire.command import FINAL_STATUSES, Status
from deskbell_wire.errors import Problem
from deskbell_wire.result import Result

NOT_BEGUN: frozenset[Status] = frozenset({"queued", "delivered", "awaiting_approval"})
EXPIRE_AT_ONCE = 500
FORGET_AT_ONCE = 1_000

OVERRUN_US = HOUR
"""A command that was running when its lifetime ended may still report; after this it is given up as interrupted."""


@dataclass(frozen=True, slots=True)
class Finish:
    """What a device reports of a command, ready to be stored. Times in microseconds since the epoch."""

    account_id: str
    device_id: str
    command_id: str
    status: Status
    output: str | None
    error: str | None
    mark: Mark | None
    acted_at: int | None
    returned_at: int


@dataclass(frozen=True, slots=True)
class Finished:
    """What became of it: the command as it is now, and whether this report made it so."""

    result: Result
    received_at: int
    fresh: bool


@dataclass(frozen=True, slots=True)
class Step:
    """A command's progress on its device."""

    account_id: str
    device_id: str
    command_id: str
    status: Status
    message: str | None


_REPORTED = ("status", "output", "error", "appended_at", "sent_at", "acted_at", "returned_at", "finished_at")
_BY_IDS = Prepared(lambda count: query().where(one_of(commands.c.id, "id", count)), each="id")
_NAMES = names_of(query())
_FINISH = Prepared(
    lambda _: (
        update(commands)
        .where(commands.c.id == parameter("command", commands.c.id))
        .values({name: parameter(f"new_{name}", commands.c[name]) for name in _REPORTED} | {"progress": None})
    )
)
_STEP = (
    update(commands)
    .where(commands.c.id == bindparam("command"), commands.c.finished_at.is_(None))
    .values(status=bindparam("new_status"), progress=bindparam("message"))
)


def finish(connection: Connection, items: Sequence[Finish]) -> list[Finished | Exception]:
    """Store each report, unless the device has reported before: then nothing changes.

    The device knows what took effect: its first report counts also for a command that the relay has meanwhile
    cancelled or given up. Outcomes: Problem command_not_found, result_conflict.
    """
    rows = _rows(connection, [item.command_id for item in items])
    outcomes: list[Finished | Exception] = []
    changes: dict[str, dict[str, Any]] = {}
    for item in items:
        row = _row_for(item, rows)
        if isinstance(row, Problem):
            outcomes.append(row)
        elif row["returned_at"] is not None:
            outcomes.append(Finished(result_of(row), row["received_at"], fresh=False))
        else:
            fresh = item.command_id not in changes
            change = changes.setdefault(item.command_id, _change(item, row))
            outcomes.append(Finished(result_of({**row, **change, "progress": None}), row["received_at"], fresh))
    if changes:
        _FINISH.many(
            connection,
            [
                {"command": key} | {f"new_{name}": value for name, value in change.items()}
                for key, change in changes.items()
            ],
        )
        log.shrink(connection, [(rows[key]["account_id"], rows[key]["seq"], key) for key in changes])
    return outcomes


def _change(item: Finish, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "status": item.status,
        "output": item.output,
        "error": item.error,
        "appended_at": item.mark.durable if item.mark else row["appended_at"],
        "sent_at": item.mark.sent if item.mark else row["sent_at"],
        "acted_at": item.acted_at,
        "returned_at": item.returned_at,
        "finished_at": item.returned_at,
    }


def advance(connection: Connection, items: Sequence[Step]) -> list[Exception | None]:
    """Store each command's progress; a finished one stays as it is."""
    rows = _rows(connection, [item.command_id for item in items])
    outcomes: list[Exception | None] = []
    updates = []
    for item in items:
        row = _row_for(item, rows)
        if isinstance(row, Problem):
            outcomes.append(row)
        else:
            updates.append({"command": item.command_id, "new_status": item.status, "message": item.message})
            outcomes.append(None)
    if updates:
        connection.execute(_STEP, updates)
    return outcomes


def one(connection: Connection, account_id: str, command_id: str, *, grant_id: str | None = None) -> Row[Any]:
    """The account's command, or one grant's. Raises Problem command_not_found, also for another's."""
    wanted = query().where(commands.c.id == command_id, commands.c.account_id == account_id)
    if grant_id is not None:
        wanted = wanted.where(commands.c.grant_id == grant_id)
    row = connection.execute(wanted).one_or_none()
    if row is None:
        raise not_found(command_id)
    return row


def page(
    connection: Connection,
    account_id: str,
    status: Status | None,
    before: str | None,
    most: int,
    *,
    grant_id: str | None = None,
) -> Sequence[Row[Any]]:
    """Up to `most` of the account's commands, or one grant's, newest first, older than the id `before`."""
    wanted = query().where(commands.c.account_id == account_id)
    if grant_id is not None:
        wanted = wanted.where(commands.c.grant_id == grant_id)
    if status is not None:
        wanted = wanted.where(commands.c.status == status)
    if before is not None:
        wanted = wanted.where(commands.c.id < before)
    return connection.execute(wanted.order_by(commands.c.id.desc()).limit(most)).all()


def cancel(connection: Connection, account_id: str, command_id: str) -> tuple[Row[Any], log.Appended]:
    """Ask for a command's end: final at once if no device has it, else up to the device, which is told by an event.

    Raises Problem command_not_found, not_cancellable.
    """
    row = one(connection, account_id, command_id)
    if row.finished_at is not None:
        raise Problem("not_cancellable", f"The command has already ended: it is {row.status}.")
    now = now_us()
    told = log.append(connection, [log.Entry(account_id, "cancel", f'{{"id":"{command_id}"}}')], now=now)[0]
    if row.status == "queued":
        connection.execute(
            update(commands).where(commands.c.id == command_id).values(status="cancelled", finished_at=now)
        )
        log.shrink(connection, [(account_id, row.seq, command_id)])
        row = one(connection, account_id, command_id)
    return row, told


def withdraw(
    connection: Connection, account_id: str, grant_id: str, command_id: str
) -> tuple[Row[Any], log.Appended] | None:
    """Ask for the end of the grant's command that has not begun; None when it has, or when there is none."""
    own = (commands.c.id == command_id, commands.c.account_id == account_id, commands.c.grant_id == grant_id)
    status = connection.execute(select(commands.c.status).where(*own)).scalar()
    return cancel(connection, account_id, command_id) if status in NOT_BEGUN else None


def expire(connection: Connection, now: int) -> list[str]:
    """Give up what may not start any more: the ids of up to 500 commands that are now expired or interrupted."""
    overdue = (
        select(commands.c.id, commands.c.account_id, commands.c.seq, commands.c.status)
        .where(
            commands.c.finished_at.is_(None),
            commands.c.expires_at <= now,
            or_(commands.c.status != "running", commands.c.expires_at <= now - OVERRUN_US),
        )
        .limit(EXPIRE_AT_ONCE)
    )
    rows = connection.execute(overdue).all()
    if not rows:
        return []
    mark = (
        update(commands)
        .where(commands.c.id == bindparam("command"))
        .values(status=bindparam("new_status"), finished_at=now, progress=None)
    )
    connection.execute(
        mark,
        [{"command": row.id, "new_status": "interrupted" if row.status == "running" else "expired"} for row in rows],
    )
    log.shrink(connection, [(row.account_id, row.seq, row.id) for row in rows])
    return [row.id for row in rows]


def end_revoked(connection: Connection, now: int) -> list[tuple[str, log.Appended]]:
    """Cancel up to 500 commands that revoked grants and devices have asked for and that have not begun.

    Their ids, and the events that tell the devices.

    Whoever was shut out is not to act later through what he left in the queue. One that runs is left to its device.
    """
    revoked = union_all(*(select(each.c.id).where(each.c.revoked_at.is_not(None)) for each in (grants, devices)))
    left = select(commands.c.id, commands.c.account_id, commands.c.seq).where(
        commands.c.finished_at.is_(None), commands.c.status.in_(NOT_BEGUN), commands.c.grant_id.in_(revoked)
    )
    rows = connection.execute(left.limit(EXPIRE_AT_ONCE)).all()
    if not rows:
        return []
    entries = [log.Entry(row.account_id, "cancel", f'{{"id":"{row.id}"}}') for row in rows]
    told = log.append(connection, entries, now=now)
    connection.execute(
        update(commands)
        .where(commands.c.id.in_([row.id for row in rows]))
        .values(status="cancelled", finished_at=now, progress=None)
    )
    log.shrink(connection, [(row.account_id, row.seq, row.id) for row in rows])
    return [(row.id, event) for row, event in zip(rows, told, strict=True)]


def forget(connection: Connection, before: int) -> int:
    """Delete up to 1,000 commands that ended before the instant `before`; how many went."""
    old = select(commands.c.id).where(commands.c.finished_at < before).limit(FORGET_AT_ONCE).scalar_subquery()
    return connection.execute(delete(commands).where(commands.c.id.in_(old))).rowcount


def is_final(status: str) -> bool:
    """Whether a command of this status will not change any more by itself."""
    return status in FINAL_STATUSES


def _rows(connection: Connection, command_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    found = _BY_IDS.rows(connection, {}, list(set(command_ids)))
    return {row["id"]: row for row in (dict(zip(_NAMES, values, strict=True)) for values in found)}


def _row_for(item: Finish | Step, rows: Mapping[str, dict[str, Any]]) -> dict[str, Any] | Problem:
    """The row of the command that a device speaks of, or why it may not."""
    row = rows.get(item.command_id)
    if row is None or row["account_id"] != item.account_id:
        return not_found(item.command_id)
    if row["device_id"] != item.device_id:
        return Problem("result_conflict", f"The command {item.command_id} was given to another device of this account.")
    return row


def not_found(command_id: str) -> Problem:
    """The one answer for an id that does not exist and for one that belongs to somebody else."""
    return Problem("command_not_found", f"There is no command {command_id}.")
