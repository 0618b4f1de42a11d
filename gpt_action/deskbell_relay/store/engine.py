"""The database engine: operations are plain functions of a SQLAlchemy connection, committed in groups.

An operation runs where its engine wants it: on SQLite in the one writer thread (or the reader thread), many in one
transaction. It must therefore do nothing but SQL, and be ready to run again: when one of a group fails, the group is
rolled back and each is run in a transaction of its own.
"""

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import structlog
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from deskbell_wire.errors import Problem

T = TypeVar("T")
Operation = Callable[[Connection], T]

FAILURES: Final = (DBAPIError, sqlite3.Error)
"""What a database says when it cannot: through SQLAlchemy, or of a prepared statement by itself."""

GROUP: Final = 512
"""Operations committed together at the most: bounds how long the first of them waits."""

log = structlog.get_logger()


class Store(Protocol):
    """Where the relay keeps what must survive it."""

    async def write(self, operation: Operation[T]) -> T:
        """Run `operation` in a transaction; returns once it is durable. Raises what it raises, or Problem."""

    async def read(self, operation: Operation[T]) -> T:
        """Run `operation` on committed data, without a transaction of its own."""

    async def close(self) -> None:
        """Finish what is queued, then close."""


@dataclass(slots=True)
class _Job:
    operation: Operation[Any]
    future: asyncio.Future[Any]
    outcome: Any = None
    error: BaseException | None = None


class SQLiteStore:
    """SQLite in WAL mode, `synchronous=FULL`: one thread writes and owns the checkpoints, another one reads."""

    def __init__(self, url: str) -> None:
        """`url` such as `sqlite:////var/lib/deskbell/relay.db`; the folder must exist."""
        self.engine = sqlite_engine(url)
        self._loop = asyncio.get_running_loop()
        self._writer = _Worker(self.engine, self._loop, transaction=True)
        self._reader = _Worker(self.engine, self._loop, transaction=False)

    async def write(self, operation: Operation[T]) -> T:
        return await self._writer.submit(operation)

    async def read(self, operation: Operation[T]) -> T:
        return await self._reader.submit(operation)

    async def close(self) -> None:
        await asyncio.gather(self._writer.stop(), self._reader.stop())
        self.engine.dispose()


def sqlite_engine(url: str) -> Engine:
    """A synchronous engine with our pragmas, for the store's threads, the migrations and the operator's commands."""
    engine = create_engine(url, poolclass=NullPool, connect_args={"check_same_thread": False, "isolation_level": None})

    # All rows of an insert in one statement, hence one step: each step gives up the interpreter's lock and waits for it.
    engine.dialect.use_insertmanyvalues_wo_returning = True

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=10000",
            "secure_delete=FAST",
            "journal_size_limit=67108864",
            "wal_autocheckpoint=8192",  # 32 MB: a page that changes again and again is copied back once
        ):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def database_file(url: str) -> Path | None:
    """The file behind a SQLite URL; None for another engine."""
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None


class _Worker:
    """A thread that owns one connection and runs queued operations, as many at once as have come meanwhile."""

    def __init__(self, engine: Engine, loop: asyncio.AbstractEventLoop, *, transaction: bool) -> None:
        self._engine = engine
        self._loop = loop
        self._transaction = transaction
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._stopped = loop.create_future()
        self._closing = False
        name = "store-writer" if transaction else "store-reader"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    async def submit(self, operation: Operation[T]) -> T:
        if self._closing:
            raise Problem("storage_unavailable", "The relay is closing its database; try again in a few seconds.")
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(operation, future))
        return await future

    async def stop(self) -> None:
        if not self._closing:
            self._closing = True
            self._jobs.put(None)
        await self._stopped

    def _run(self) -> None:
        connection: Connection | None = None
        last = False
        while not last:
            jobs, last = self._take()
            try:
                if connection is None:
                    connection = self._engine.connect()
                self._perform(connection, jobs)
            except FAILURES as error:
                # The connection itself failed (a full disk at BEGIN, a vanished file): give it up, tell the callers.
                log.error("store_failed", error=str(getattr(error, "orig", error)))
                for job in jobs:
                    job.error = job.error or unavailable(error)
                if connection is not None:
                    with contextlib.suppress(*FAILURES):
                        connection.close()
                connection = None
            self._loop.call_soon_threadsafe(_settle, jobs)
        if connection is not None:
            connection.close()
        self._loop.call_soon_threadsafe(self._stopped.set_result, None)

    def _take(self) -> tuple[list[_Job], bool]:
        """All that waits, at least one job; and whether the end was asked for."""
        first = self._jobs.get()
        if first is None:
            return [], True
        jobs = [first]
        while len(jobs) < GROUP:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                break
            if job is None:
                return jobs, True
            jobs.append(job)
        return jobs, False

    def _perform(self, connection: Connection, jobs: list[_Job]) -> None:
        if not self._transaction:
            for job in jobs:
                _attempt(job, connection)
            return
        try:
            self._together(connection, jobs)
        except Exception:  # noqa: BLE001 - whatever one of them raised: each is run again alone and keeps its own error
            for job in jobs:
                job.error = None
                try:
                    self._together(connection, [job])
                except FAILURES as error:
                    job.error = unavailable(error)
                except Exception as error:  # noqa: BLE001 - handed to the caller that awaits this job
                    job.error = error

    @staticmethod
    def _together(connection: Connection, jobs: list[_Job]) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            for job in jobs:
                job.outcome = job.operation(connection)
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            with contextlib.suppress(*FAILURES):  # SQLite has rolled back by itself after some errors
                connection.exec_driver_sql("ROLLBACK")
            raise


def _attempt(job: _Job, connection: Connection) -> None:
    try:
        job.outcome = job.operation(connection)
    except FAILURES as error:
        job.error = unavailable(error)
    except Exception as error:  # noqa: BLE001 - handed to the caller that awaits this job
        job.error = error


def _settle(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue  # its caller has gone
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.outcome)


def unavailable(error: DBAPIError | sqlite3.Error) -> Problem:
    """Our own error for a database that cannot work now; the driver's words stay in the log."""
    log.error("store_unavailable", error=str(getattr(error, "orig", error)))
    return Problem(
        "storage_unavailable",
        "The relay could not store or read this now, so nothing was done.",
        headers={"Retry-After": "2"},
    )
