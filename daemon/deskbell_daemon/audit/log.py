"""The writer of the audit log: one thread, which appends what arrives together with one sync. The daemon alone writes."""

import asyncio
import contextlib
import os
import queue
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deskbell_daemon.audit.files import (
    CURRENT,
    Head,
    files,
    first_record,
    full_name,
    last_record,
    read_head,
    whole_bytes,
)
from deskbell_daemon.audit.record import GENESIS, seal
from deskbell_daemon.private_file import FULL_ERRORS, make_private_folder, sync_folder
from deskbell_wire import clock
from deskbell_wire.errors import Problem

Facts = Mapping[str, Any] | Callable[[], Mapping[str, Any]]
"""What belongs to an event. A callable is called in the writing thread: for hashes of what is large."""

MAX_GROUP: Final = 512
LAZY_S: Final = 0.2


@dataclass(slots=True)
class _Entry:
    event: str
    facts: Facts
    at_us: int
    lazy: bool
    future: "asyncio.Future[None]"


class AuditLog:
    """Made on the event loop. Records stand in the order of the calls of `write`."""

    def __init__(self, folder: Path, profile: str, *, file_bytes: int = 5_000_000, full_files: int = 20) -> None:
        """Opens the log in `folder`, or begins one. Raises Problem `audit_unusable` or `folder_not_writable`.

        A chain whose end is missing goes on behind what the head says, so that the gap stays visible for good.
        """
        self._folder = folder
        self._file_bytes = file_bytes
        self._full_files = full_files
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._closed = False
        self.problem: Problem | None = None
        """Why the last records could not be written; None: they are on the disk."""
        self._n, self._hash, self._chain = 0, GENESIS, ""
        make_private_folder(folder)
        try:
            lost = self._resume()
        except OSError as error:
            raise self._problem(error) from error
        self._thread = threading.Thread(target=self._work, name="audit", daemon=True)
        self._thread.start()
        if self._n == 0:
            self.write("chain_begun", {"chain": self._chain, "profile": profile})
        elif lost:
            self.write("head_lost", {"chain": self._chain})

    def write(self, event: str, facts: Facts, *, lazy: bool = False) -> "asyncio.Future[None]":
        """Append a record; the future resolves once it is durable, and fails with Problem `audit_unusable`, `disk_full`.

        `lazy`: may wait up to 0.2 s for company; nobody need await it.
        """
        future: asyncio.Future[None] = self._loop.create_future()
        future.add_done_callback(_heard)
        if self._closed:
            future.set_exception(Problem("audit_unusable", "The audit log is closed: the daemon is stopping."))
        else:
            self._queue.put(_Entry(event, facts, clock.now_us(), lazy, future))
        return future

    async def close(self) -> None:
        """Write what is queued, and close."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)
            os.close(self._file)

    def _resume(self) -> bool:
        """Find the end of the chain; whether there are records and their head is gone."""
        there, head = files(self._folder), read_head(self._folder)
        path = self._folder / CURRENT
        if path.exists():
            os.truncate(path, whole_bytes(path))
        last = next((record for path in reversed(there) if (record := last_record(path)) is not None), None)
        if last is not None and (head is None or last.n > head.n):
            self._n, self._hash = last.n, last.hash
        elif head is not None:
            self._n, self._hash = head.n, head.hash
        first = first_record(there[0]) if there else None
        self._chain = head.chain if head else str((first and first.facts.get("chain")) or secrets.token_hex(16))
        self._open()
        if head is None:
            Head(chain=self._chain, n=self._n, hash=self._hash).write(self._folder)
        return head is None and last is not None

    def _open(self) -> None:
        path = self._folder / CURRENT
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._size = os.fstat(self._file).st_size
        first = first_record(path) if self._size else None
        self._first_n = first.n if first else self._n + 1
        sync_folder(self._folder)

    def _work(self) -> None:
        open_ = True
        while open_:
            group: list[_Entry] = []
            item = self._queue.get()
            until = time.monotonic() + LAZY_S
            while item is not None:
                group.append(item)
                if len(group) >= MAX_GROUP:
                    break
                try:
                    if item.lazy and (left := until - time.monotonic()) > 0:
                        item = self._queue.get(timeout=left)
                    else:
                        until = 0.0
                        item = self._queue.get_nowait()
                except queue.Empty:
                    break
            else:
                open_ = False
            if group:
                self._deliver(group, self._commit(group))

    def _commit(self, group: list[_Entry]) -> Problem | None:
        """All of them or none."""
        before = self._n, self._hash
        try:
            if self._size > self._file_bytes:
                self._begin_file()
            before, size = (self._n, self._hash), self._size
            data = b"".join(self._seal(entry.event, entry.facts, entry.at_us) for entry in group)
            try:
                self._append(data)
            except OSError:
                os.ftruncate(self._file, size)
                self._size = size
                raise
            Head(chain=self._chain, n=self._n, hash=self._hash).write(self._folder)
        except OSError as error:
            self._n, self._hash = before
            return self._problem(error)
        except Problem as problem:  # of the head; the records stand, and the next head speaks of them too
            return problem
        return None

    def _seal(self, event: str, facts: Facts, at_us: int) -> bytes:
        line, self._hash = seal(self._n + 1, at_us, event, facts() if callable(facts) else facts, self._hash)
        self._n += 1
        return line

    def _append(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._file, rest) :]
        os.fsync(self._file)
        self._size += len(data)

    def _begin_file(self) -> None:
        """The chain goes on in a new file; the oldest one goes when there are too many, and the chain says so."""
        with contextlib.suppress(FileNotFoundError):  # somebody took it away: the gap will show
            (self._folder / CURRENT).rename(self._folder / full_name(self._first_n))
        old = self._file
        self._open()
        os.close(old)
        full = files(self._folder)[:-1]
        for path in full[: max(0, len(full) - self._full_files)]:
            last = last_record(path)
            facts = {"through": last.n if last else 0, "through_hash": last.hash if last else ""}
            self._append(self._seal("forgotten", facts, clock.now_us()))
            path.unlink()

    def _deliver(self, group: list[_Entry], problem: Problem | None) -> None:
        def resolve() -> None:
            self.problem = problem
            for entry in group:
                if entry.future.done():  # its caller was cancelled
                    continue
                if problem is not None:
                    entry.future.set_exception(problem)
                else:
                    entry.future.set_result(None)

        try:
            self._loop.call_soon_threadsafe(resolve)
        except RuntimeError:
            return  # the loop has closed; what was written is written

    def _problem(self, error: OSError) -> Problem:
        code = "disk_full" if error.errno in FULL_ERRORS else "audit_unusable"
        return Problem(code, f"The audit log in {self._folder} cannot be written: {error.strerror or error}.")


def _heard(future: "asyncio.Future[None]") -> None:
    if not future.cancelled():
        future.exception()  # whoever awaits it hears it; for the others the daemon's status does
