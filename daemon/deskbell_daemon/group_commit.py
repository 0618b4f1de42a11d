"""One thread that owns a SQLite connection and commits what arrives together in one transaction.

WAL with synchronous=FULL: an acknowledged write survives a power cut, at one fdatasync a transaction. All that is
submitted while one transaction commits goes into the next, so a hundred writers pay for two.
"""

import asyncio
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from deskbell_daemon.private_file import make_private_folder
from deskbell_wire.errors import Problem

T = TypeVar("T")

MAX_GROUP = 512
LAZY_S = 0.2


@dataclass(slots=True)
class _Write(Generic[T]):
    operation: Callable[[sqlite3.Connection], T]
    future: "asyncio.Future[T]"
    lazy: bool
    failed: Callable[[], None] | None
    value: Any = None
    error: Exception | None = None


class GroupCommit:
    """Operations are plain functions of the connection. They may be run twice, the first time rolled back."""

    def __init__(self, path: Path, schema: Callable[[sqlite3.Connection], None]) -> None:
        """Open or create `path`, private, and call `schema` on it. Raises Problem `ledger_unusable`, `disk_full`."""
        self._path = path
        self._queue: queue.SimpleQueue[_Write[Any] | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        make_private_folder(path.parent)
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # the WAL takes over these rights
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            schema(self._connection)
        except (sqlite3.Error, OSError) as error:
            raise self._problem(error) from error
        self._thread = threading.Thread(target=self._work, name=f"commit {path.name}", daemon=True)
        self._thread.start()
        self._closed = False

    def submit(
        self,
        operation: Callable[[sqlite3.Connection], T],
        *,
        lazy: bool = False,
        failed: Callable[[], None] | None = None,
    ) -> "asyncio.Future[T]":
        """Queue `operation`; the future resolves once it is durable, futures in the order of submission.

        `lazy`: may wait up to 0.2 s for company. `failed` is called in the writing thread, before any later operation.
        """
        future: asyncio.Future[T] = self._loop.create_future()
        if self._closed:
            future.set_exception(Problem("ledger_unusable", "The ledger is closed: the daemon is stopping."))
            return future
        self._queue.put(_Write(operation, future, lazy, failed))
        return future

    async def close(self) -> None:
        """Write what is queued, and close."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        group: list[_Write[Any]] = []
        open_ = True
        while open_:
            try:
                item = self._queue.get(timeout=LAZY_S if group else None)
                while item is not None:
                    group.append(item)
                    if len(group) >= MAX_GROUP:
                        break
                    item = self._queue.get_nowait()
                else:
                    open_ = False
            except queue.Empty:
                # Nothing new: what is held back goes now if someone waits for it, or if it waited long enough.
                if group and all(write.lazy for write in group) and not group[0].value:
                    group[0].value = True
                    continue
            if group:
                self._commit(group)
                self._deliver(group)
                group = []
        self._connection.close()

    def _commit(self, group: list[_Write[Any]]) -> None:
        try:
            self._transact(group)
        except Exception as error:  # noqa: BLE001 - whatever an operation raises is its caller's, not this thread's
            if len(group) == 1:
                self._fail(group[0], error)
                return
            for write in group:  # one bad operation must not take its neighbours with it
                try:
                    self._transact([write])
                except Exception as alone:  # noqa: BLE001 - as above
                    self._fail(write, alone)

    def _transact(self, group: Iterable[_Write[Any]]) -> None:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            for write in group:
                write.value = write.operation(connection)
            connection.execute("COMMIT")
        except BaseException:  # whatever an operation raised: no transaction stays open, and its caller hears it
            if connection.in_transaction:  # SQLite rolls back by itself after some errors
                connection.execute("ROLLBACK")
            raise

    def _fail(self, write: _Write[Any], error: Exception) -> None:
        write.error = self._problem(error) if isinstance(error, (sqlite3.Error, OSError)) else error
        if write.failed is not None:
            write.failed()

    def _deliver(self, group: list[_Write[Any]]) -> None:
        def resolve() -> None:
            for write in group:
                if write.future.done():  # its caller was cancelled
                    continue
                if write.error is not None:
                    write.future.set_exception(write.error)
                else:
                    write.future.set_result(write.value)

        try:
            self._loop.call_soon_threadsafe(resolve)
        except RuntimeError:
            return  # the loop has closed; what was written is written

    def _problem(self, error: Exception) -> Problem:
        full = isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        code = "disk_full" if full else "ledger_unusable"
        return Problem(code, f"{self._path} cannot be written: {error}.")
