"""The journal: what Deskbell did to the notes, in SQLite, so that undo and 'once' survive a kill at any instant.

What cannot be read off the files themselves is written here before it happens (`intend`, durable when it returns); a new
note carries its command in its front matter, and so its row may follow (`record`). Changes that arrive together are
committed together by the one thread that writes.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import structlog

from deskbell_daemon.notes.change import Change
from deskbell_daemon.notes.faults import state_problem
from deskbell_wire.errors import Problem

GATHER_S: Final = 0.1
"""How long a row that nobody waits for may wait for others."""
RETRY_S: Final = 1.0

_COLUMNS: Final = [field.name for field in fields(Change)]
_SCHEMA: Final = f"""
CREATE TABLE IF NOT EXISTS changes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  {", ".join(f"{name} {'INTEGER' if name in ('at', 'applied') else 'TEXT'} NOT NULL" for name in _COLUMNS)},
  UNIQUE (command)
);
CREATE INDEX IF NOT EXISTS changes_path ON changes (path, seq);
CREATE INDEX IF NOT EXISTS changes_note ON changes (note, seq);
CREATE INDEX IF NOT EXISTS changes_open ON changes (applied) WHERE applied = 0;
CREATE TABLE IF NOT EXISTS session (one INTEGER PRIMARY KEY CHECK (one = 1), opened_at INTEGER, clean INTEGER);
"""
_INSERT: Final = f"INTO changes ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
_SELECT: Final = f"SELECT {', '.join(_COLUMNS)} FROM changes"  # noqa: S608 - names of our own fields

_Work = Callable[[sqlite3.Connection], object]
_log = structlog.get_logger(__name__)


class Journal:
    """All changes, newest last. For several threads. Raises only Problem."""

    def __init__(self, file: Path) -> None:
        self._wake = threading.Condition()
        self._queue: list[tuple[_Work, Future[None] | None, str]] = []
        self._recorded: dict[str, Change] = {}
        self._closing = False
        try:
            self._writer = _open(file)
        except sqlite3.DatabaseError as error:
            # Set aside, not deleted: the versions that it names are still there for a person to look at.
            _log.error("journal_unreadable", file=str(file), error=str(error))
            for path in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
                if path.exists():
                    path.replace(path.with_name(path.name + ".broken"))
            self._writer = _open(file)
        self._reader = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._reading = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="notes-journal", daemon=True)
        self._thread.start()

    def begin(self, now: int) -> int | None:
        """Opens a session. Gives when the one before began if it did not end in order, in microseconds; else None."""
        row = self._one("SELECT opened_at, clean FROM session")
        self._wait(lambda db: db.execute("INSERT OR REPLACE INTO session VALUES (1, ?, 0)", (now,)))
        return None if row is None or row[1] else int(row[0])

    def close(self) -> None:
        if self._closing:
            return
        with contextlib.suppress(
            Exception
        ):  # a session that is not marked as ended is looked through at the next start
            self._wait(lambda db: db.execute("UPDATE session SET clean = 1"))
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        self._thread.join()
        with self._reading:
            self._reader.close()
        self._writer.close()

    def find(self, command: str) -> Change | None:
        """What this command did or was about to do."""
        change = self._recorded.get(command)
        return change or self._change("WHERE command = ?", command)

    def intend(self, change: Change) -> None:
        """Writes down what is about to happen; durable when it returns."""
        self._wait(lambda db: db.execute("INSERT OR REPLACE " + _INSERT, _row(change)))

    def retract(self, command: str) -> None:
        """It did not happen; durable when it returns."""
        self._wait(lambda db: db.execute("DELETE FROM changes WHERE command = ? AND applied = 0", (command,)))

    def record(self, change: Change) -> None:
        """Something has happened whose file proves it; becomes durable soon."""
        self._recorded[change.command] = change
        self._add(lambda db: db.execute("INSERT OR IGNORE " + _INSERT, _row(change)), None, change.command)

    def apply(self, change: Change) -> None:
        """What was intended has happened. An undo also marks what it took back, and so on down the line."""

        def work(db: sqlite3.Connection) -> None:
            db.execute("UPDATE changes SET applied = 1 WHERE command = ?", (change.command,))
            by, undoes = change.command, change.undoes
            while undoes:
                db.execute("UPDATE changes SET undone_by = ? WHERE command = ?", (by, undoes))
                row = db.execute("SELECT command, undoes FROM changes WHERE command = ?", (undoes,)).fetchone()
                # An undone undo puts its own target back in force, and an undone redo takes it out of force again.
                by = "" if by else str(row[0]) if row else ""
                undoes = str(row[1]) if row else ""
            if change.effect == "move":
                db.execute("UPDATE changes SET path = ? WHERE note = ?", (change.path, change.note))

        self._add(work, None)

    def unsettled(self) -> list[Change]:
        """Changes that were intended, and of which it is not known whether they happened."""
        return self._changes("WHERE applied = 0 ORDER BY seq")

    def last(self, path: str | None) -> Change | None:
        """The last change to the note at `path`, or of all, that is in force; an undo is not one of them."""
        self.flush()
        where = "WHERE applied = 1 AND undone_by = '' AND kind != 'undo'"
        if path is None:
            return self._change(f"{where} ORDER BY seq DESC LIMIT 1")
        return self._change(f"{where} AND path = ? ORDER BY seq DESC LIMIT 1", path)

    def moved_to(self, note: str) -> str | None:
        """Where the note was last moved to, into the trash or out of it; None when it never was."""
        self.flush()
        change = self._change("WHERE applied = 1 AND effect = 'move' AND note = ? ORDER BY seq DESC LIMIT 1", note)
        return None if change is None else change.target

    def note_at(self, path: str) -> str | None:
        """The note (its first command) that stands at `path` by the journal; None when the last one there was trashed."""
        recorded = [change for change in list(self._recorded.values()) if change.path == path]
        change = recorded[-1] if recorded else self._change("WHERE path = ? ORDER BY seq DESC LIMIT 1", path)
        return None if change is None or (change.effect == "move" and change.target != path) else change.note

    def prune(self, per_note: int, before: int) -> set[str]:
        """Forgets versions beyond `per_note` of each note and those of changes older than `before`; the digests that stay."""

        def work(db: sqlite3.Connection) -> None:
            db.execute(
                "UPDATE changes SET before = '' WHERE before != '' AND (at < ? OR seq IN (SELECT seq FROM (SELECT seq,"
                " row_number() OVER (PARTITION BY note ORDER BY seq DESC) AS place FROM changes WHERE before != '')"
                " WHERE place > ?))",
                (before, per_note),
            )
            db.execute("DELETE FROM changes WHERE at < ? AND applied = 1", (before,))

        self._wait(work)
        with self._reading:
            return {row[0] for row in self._reader.execute("SELECT DISTINCT before FROM changes WHERE before != ''")}

    def flush(self) -> None:
        """Returns when everything until now is durable."""
        self._wait(lambda _: None)

    def _one(self, sql: str, *values: object) -> Any:
        with self._reading:
            return self._reader.execute(sql, values).fetchone()

    def _change(self, where: str, *values: object) -> Change | None:
        return next(iter(self._changes(where, *values)), None)

    def _changes(self, where: str, *values: object) -> list[Change]:
        try:
            with self._reading:
                rows = self._reader.execute(f"{_SELECT} {where}", values).fetchall()
        except sqlite3.Error as error:
            raise state_problem(error) from error
        return [Change(**dict(zip(_COLUMNS, row, strict=True)) | {"applied": bool(row[-1])}) for row in rows]

    def _wait(self, work: _Work) -> None:
        future: Future[None] = Future()
        self._add(work, future)
        try:
            future.result()
        except sqlite3.Error as error:
            raise state_problem(error) from error

    def _add(self, work: _Work, future: Future[None] | None, recorded: str = "") -> None:
        with self._wake:
            if self._closing:
                raise Problem("daemon_not_running", "Deskbell is stopping; nothing was changed.")
            self._queue.append((work, future, recorded))
            # Rows that nobody waits for are gathered; the thread wakes by itself.
            if future is not None or len(self._queue) == 1:
                self._wake.notify_all()

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._queue or self._closing)
                if not self._queue:
                    return
                self._wake.wait_for(lambda: self._closing or any(item[1] for item in self._queue), GATHER_S)
                batch, self._queue = self._queue, []
            error = self._commit([work for work, _, _ in batch])
            if error is None:
                for _, _, recorded in batch:
                    self._recorded.pop(recorded, None)
            for _, future, _ in batch:
                if future is not None:
                    future.set_exception(error) if error else future.set_result(None)
            if error is not None:
                _log.warning("journal_not_written", error=str(error))
                with self._wake:
                    if self._closing:
                        return
                    self._queue[:0] = [item for item in batch if item[1] is None]
                    self._wake.wait_for(lambda: self._closing, RETRY_S if not any(i[1] for i in self._queue) else 0)

    def _commit(self, works: list[_Work]) -> sqlite3.Error | None:
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            for work in works:
                work(self._writer)
            self._writer.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):  # there may be no transaction left to roll back
                self._writer.execute("ROLLBACK")
            return error
        return None


def _open(file: Path) -> sqlite3.Connection:
    db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.executescript(_SCHEMA)
        db.execute("SELECT count(*) FROM changes").fetchone()
    except sqlite3.Error:
        db.close()
        raise
    return db


def _row(change: Change) -> tuple[Any, ...]:
    return tuple(getattr(change, name) for name in _COLUMNS)
