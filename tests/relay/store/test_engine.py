"""The store commits in groups, and a failing operation harms nobody but its caller."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select

from deskbell_relay.store.batch import Batch
from deskbell_relay.store.engine import SQLiteStore, sqlite_engine
from deskbell_relay.store.tables import accounts, metadata
from deskbell_wire.errors import Problem


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SQLiteStore]:
    url = f"sqlite:///{tmp_path / 'relay.db'}"
    engine = sqlite_engine(url)
    metadata.create_all(engine)
    engine.dispose()
    store = SQLiteStore(url)
    yield store
    await store.close()


def add(name: str) -> Any:
    return lambda connection: connection.execute(insert(accounts).values(id=name, created_at=0)) and name


async def count(store: SQLiteStore) -> int:
    return await store.read(
        lambda connection: connection.execute(select(func.count()).select_from(accounts)).scalar_one()
    )


async def test_what_write_returns_is_there_for_the_next_read(store: SQLiteStore) -> None:
    for number in range(20):
        await store.write(add(f"a{number}"))
        assert await count(store) == number + 1


async def test_a_failing_operation_is_rolled_back_alone(store: SQLiteStore) -> None:
    def half(connection: Connection) -> None:
        add("half")(connection)
        raise Problem("not_found", "On purpose.")

    outcomes = await asyncio.gather(
        *(store.write(half if number % 3 == 0 else add(f"a{number}")) for number in range(30)), return_exceptions=True
    )
    assert [isinstance(outcome, Problem) for outcome in outcomes] == [number % 3 == 0 for number in range(30)]
    assert await count(store) == 20


async def test_a_constraint_harms_its_own_caller_alone(store: SQLiteStore) -> None:
    outcomes = await asyncio.gather(
        *(store.write(add(f"a{number % 10}")) for number in range(20)), return_exceptions=True
    )
    problems = [outcome for outcome in outcomes if isinstance(outcome, Problem)]
    assert (len(problems), {problem.code for problem in problems}) == (10, {"storage_unavailable"})
    assert await count(store) == 10


async def test_close_finishes_what_is_queued(tmp_path: Path, store: SQLiteStore) -> None:
    writes = [asyncio.create_task(store.write(add(f"a{number}"))) for number in range(200)]
    await asyncio.sleep(0)
    await store.close()
    await asyncio.gather(*writes)
    with sqlite3.connect(tmp_path / "relay.db") as connection:
        assert connection.execute("select count(*) from accounts").fetchone() == (200,)
    with pytest.raises(Problem):
        await store.write(add("late"))


async def test_the_database_is_durable_and_checked(store: SQLiteStore) -> None:
    def pragmas(connection: Connection) -> list[Any]:
        return [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]

    assert await store.write(pragmas) == ["wal", 2, 1]


async def test_a_batch_writes_what_arrives_together_together(store: SQLiteStore) -> None:
    groups: list[int] = []

    def operation(connection: Connection, items: Any) -> list[Any]:
        groups.append(len(items))
        return [ValueError("odd") if item % 2 else item for item in items]

    batch: Batch[int, int] = Batch(store, operation)
    outcomes = await asyncio.gather(*(batch.add(number) for number in range(100)), return_exceptions=True)
    assert groups == [64, 36]
    assert [outcome if isinstance(outcome, int) else str(outcome) for outcome in outcomes] == [
        "odd" if number % 2 else number for number in range(100)
    ]


async def test_a_caller_who_goes_does_not_keep_the_others_waiting(store: SQLiteStore) -> None:
    batch: Batch[int, int] = Batch(store, lambda connection, items: list(items))
    gone = asyncio.create_task(batch.add(1))
    stays = asyncio.create_task(batch.add(2))
    await asyncio.sleep(0)
    gone.cancel()
    assert await stays == 2


async def test_a_full_disk_is_a_clear_problem_and_the_relay_recovers_by_itself(store: SQLiteStore) -> None:
    def limit(pages: int) -> Any:
        return lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count={pages}").scalar()

    used = await store.write(lambda connection: connection.exec_driver_sql("PRAGMA page_count").scalar())
    await store.write(limit(used))
    writes = [store.write(add(f"{number}" + "x" * 1000)) for number in range(200)]
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert {outcome.code for outcome in outcomes if isinstance(outcome, Problem)} == {"storage_unavailable"}
    before = await count(store)
    await store.write(limit(1_000_000))
    await store.write(add("again"))
    assert await count(store) == before + 1
