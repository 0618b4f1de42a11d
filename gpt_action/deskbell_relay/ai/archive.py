"""What is kept of runs in the database: plain functions of a connection, as the store runs them."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from deskbell_relay.ai.run import Run
from deskbell_relay.store.tables import runs
from deskbell_wire.clock import now_us, to_timestamp
from deskbell_wire.run import EndEvent, RunInfo, Usage

BEGINNING: Final = 120
"""Characters of an answer that a list shows."""

INTERRUPTED = EndEvent(
    status="error",
    code="run_interrupted",
    message="The relay stopped while this answer was coming.",
    usage=Usage(prompt_tokens=0, completion_tokens=0, source="counted"),
    duration_ms=0,
)


def add(connection: Connection, run: Run) -> None:
    """A run that has begun."""
    connection.execute(
        insert(runs).values(
            id=run.id,
            account_id=run.account_id,
            provider=run.provider,
            model=run.model,
            status="running",
            save_as_note=run.save_as_note,
            created_at=run.created_at,
        )
    )


def end(connection: Connection, run: Run) -> None:
    """A run that has ended: its text, its end, its cost."""
    event = run.log.end
    assert event is not None, "it has ended"
    connection.execute(
        update(runs)
        .where(runs.c.id == run.id)
        .values(
            provider=run.provider,
            model=run.model,
            status=event.status,
            text=run.log.text,
            end=event.model_dump_json(),
            tokens=event.usage.total,
            ended_at=run.ended_at,
        )
    )


def keep(connection: Connection, grown: Sequence[tuple[str, str, int]]) -> None:
    """Answers that still come: run, text so far, about its tokens. One that has ended meanwhile stays as it is."""
    connection.execute(
        update(runs)
        .where(runs.c.id == bindparam("run"), runs.c.status == "running")
        .values(text=bindparam("so_far"), tokens=bindparam("spent")),
        [{"run": run, "so_far": text, "spent": tokens} for run, text, tokens in grown],
    )


def owner(connection: Connection, run_id: str) -> str | None:
    """The account of the run of that id; None when there is none."""
    account_id: str | None = connection.execute(select(runs.c.account_id).where(runs.c.id == run_id)).scalar()
    return account_id


def interrupt_all(connection: Connection, now: int) -> int:
    """At a start: what was running has died with the relay before. How many."""
    return connection.execute(
        update(runs)
        .where(runs.c.status == "running")
        .values(status="error", end=INTERRUPTED.model_dump_json(), ended_at=now)
    ).rowcount


def find(connection: Connection, account_id: str, run_id: str) -> RunInfo | None:
    """A run of the account."""
    row = connection.execute(select(runs).where(runs.c.id == run_id, runs.c.account_id == account_id)).one_or_none()
    return None if row is None else _info(row)


def newest(connection: Connection, account_id: str, before: str | None, most: int) -> list[dict[str, Any]]:
    """Up to `most` runs of the account, newest first, those older than the run `before`; of each, how it begins."""
    columns = (runs.c.id, runs.c.provider, runs.c.model, runs.c.status, runs.c.created_at)
    shared = (runs.c.share_hash, runs.c.share_expires_at)
    query = select(*columns, *shared, func.substr(runs.c.text, 1, BEGINNING).label("beginning")).where(
        runs.c.account_id == account_id
    )
    if before is not None:
        since = select(runs.c.created_at).where(runs.c.account_id == account_id, runs.c.id == before)
        query = query.where(runs.c.created_at < since.scalar_subquery())
    now = now_us()
    return [
        {
            "id": row.id,
            "provider": row.provider,
            "model": row.model,
            "status": row.status,
            "created_at": to_timestamp(row.created_at),
            "beginning": row.beginning,
            "shared_until": to_timestamp(row.share_expires_at)
            if row.share_hash is not None and row.share_expires_at > now
            else None,
        }
        for row in connection.execute(query.order_by(runs.c.created_at.desc()).limit(most))
    ]


def spent_since(connection: Connection, account_id: str, since: int) -> int:
    """Tokens of the account's runs that began since then and have ended."""
    return int(
        connection.execute(
            select(func.coalesce(func.sum(runs.c.tokens), 0)).where(
                runs.c.account_id == account_id, runs.c.created_at >= since, runs.c.status != "running"
            )
        ).scalar_one()
    )


def share(connection: Connection, account_id: str, run_id: str, share_hash: str | None, expires_at: int | None) -> bool:
    """Set or (None) take back the link to a run; whether the account has that run."""
    return bool(
        connection.execute(
            update(runs)
            .where(runs.c.id == run_id, runs.c.account_id == account_id)
            .values(share_hash=share_hash, share_expires_at=expires_at)
        ).rowcount
    )


def shared(connection: Connection, share_hash: str, now: int) -> tuple[str, RunInfo] | None:
    """The account and the run that a link shows."""
    row = connection.execute(
        select(runs).where(runs.c.share_hash == share_hash, runs.c.share_expires_at > now)
    ).one_or_none()
    return None if row is None else (row.account_id, _info(row))


def forget(connection: Connection, before: int) -> int:
    """Delete runs that began before; how many."""
    return connection.execute(delete(runs).where(runs.c.created_at < before, runs.c.status != "running")).rowcount


def _info(row: Row[tuple[object, ...]]) -> RunInfo:
    return RunInfo(
        id=row.id,
        provider=row.provider,
        model=row.model,
        status=row.status,
        created_at=to_timestamp(row.created_at),
        ended_at=to_timestamp(row.ended_at) if row.ended_at else None,
        resumable=False,
        save_as_note=row.save_as_note,
        text=row.text,
        end=EndEvent.model_validate_json(row.end) if row.end else None,
    )
