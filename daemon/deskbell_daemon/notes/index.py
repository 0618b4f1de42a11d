"""The index: SQLite FTS5 over the notes, never ahead of the files and never behind them in what it gives out.

Our own writes are put in a queue and indexed off the hot path; hand edits come in by the watcher, by the modification times
of the folders, looked at before each question, and by the stamp of each file that is about to be given out.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog

from deskbell_daemon.notes.document import Document, decode
from deskbell_daemon.notes.faults import state_problem
from deskbell_daemon.notes.folder import Folder, Stamp
from deskbell_daemon.notes.index_tables import damaged, new_index, open_index
from deskbell_daemon.notes.names import addressable, is_note, join, split
from deskbell_wire.errors import Problem

GATHER_S: Final = 0.3
RACY_NS: Final = 20_000_000
"""A folder that changed so recently may change again under the same time: it is looked through once more."""

_T = TypeVar("_T")
_log = structlog.get_logger(__name__)


class Index:
    """For several threads. `question` and the scans raise only Problem."""

    def __init__(self, folder: Folder, file: Path) -> None:
        self._folder = folder
        self._file = file
        self._lock = threading.RLock()
        self._db = open_index(file)
        self._wake = threading.Condition()
        self._pending: dict[str, tuple[Document, Stamp] | None] = {}
        self._folders: dict[str, int] = {}
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="notes-index", daemon=True)
        self._thread.start()

    def close(self) -> None:
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        self._thread.join()
        with self._lock:
            self._db.close()

    def put(self, document: Document, stamp: Stamp) -> None:
        """A note as we have just written it."""
        self._later(document.path, (document, stamp))

    def drop(self, path: str) -> None:
        """A note that we have just taken away."""
        self._later(path, None)

    def folders(self) -> list[str]:
        """Every folder known, the top folder ('') first."""
        with self._lock:
            return sorted(self._folders)

    def scan(self) -> None:
        """Looks through the whole folder; only files whose stamp changed are read."""

        def work(db: sqlite3.Connection) -> None:
            self._folders.clear()
            self._scan_folder(db, "")
            stray = {split(path)[0] for (path,) in db.execute("SELECT path FROM notes")} - set(self._folders)
            for parent in stray:
                self._forget_below(db, parent)

        self._guarded(work)

    def refresh(self, paths: Iterable[str] = ()) -> None:
        """Brings in our own latest writes, the files `paths`, and every folder whose time moved."""

        def work(db: sqlite3.Connection) -> None:
            if "" not in self._folders:
                self._scan_folder(db, "")
            self._read_all_changed(db, paths)
            for parent, seen in list(self._folders.items()):
                if parent in self._folders and self._folder.folder_mtime(parent) != seen:
                    self._scan_folder(db, parent)

        self._guarded(work)

    def notice(self, paths: Iterable[str]) -> None:
        """Something happened at these paths, perhaps by our own doing. A folder, or what may be one, is looked through."""
        shown = [path for path in paths if all(addressable(part) for part in path.split("/"))]
        notes = [path for path in shown if is_note(split(path)[1])]
        if len(notes) < len(shown):
            self.refresh(notes)
        elif notes:
            self._guarded(lambda db: self._read_all_changed(db, notes))

    def question(self, ask: Callable[[sqlite3.Connection], _T], rows: Callable[[_T], Iterable[Any]]) -> _T:
        """Asks until every row given, which begins with path, mtime_ns, size, inode, is as the file is now."""
        self.refresh()
        for _ in range(8):
            with self._lock:
                answer = self._guarded(ask)
                stale = [row[0] for row in rows(answer) if not _same(self._folder.stamp(row[0]), row[1:4])]
                if not stale:
                    break
                self.refresh(stale)
        return answer

    def by_command(self, command: str) -> str | None:
        """The path of the note whose front matter names this command."""
        self.refresh()
        row = self._guarded(lambda db: db.execute("SELECT path FROM notes WHERE command = ?", (command,)).fetchone())
        return row[0] if row else None

    def made_since(self, created: str) -> list[str]:
        """Paths of notes whose front matter names a command and a time from `created` (RFC 3339) on, oldest first."""
        self.refresh()
        rows = self._guarded(
            lambda db: db.execute(
                "SELECT path FROM notes WHERE command IS NOT NULL AND created >= ? ORDER BY created", (created,)
            ).fetchall()
        )
        return [row[0] for row in rows]

    def _guarded(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Runs `work` in a transaction, our own writes first; a damaged index is made anew, once."""
        with self._lock:
            try:
                return self._transaction(work)
            except sqlite3.Error as error:
                if not damaged(error):
                    raise state_problem(error) from error
                _log.warning("index_made_anew", error=str(error))
            try:
                self._db.close()
                self._db = new_index(self._file)
                self._folders.clear()
                self._transaction(lambda db: self._scan_folder(db, ""))
                return self._transaction(work)
            except sqlite3.Error as error:
                raise state_problem(error) from error

    def _transaction(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        with self._wake:
            pending, self._pending = self._pending, {}
        self._db.execute("BEGIN")
        try:
            for path, item in pending.items():
                if item is None:
                    self._forget(self._db, path)
                else:
                    self._write(self._db, path, item[0], item[1])
            answer = work(self._db)
            self._db.execute("COMMIT")
        except BaseException:  # whatever it was: no transaction stays open, and it is raised on
            # What was pending is found again by the stamps: forget that its folders were seen.
            self._folders.update((parent, -1) for parent in {split(path)[0] for path in pending} & set(self._folders))
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        return answer

    def _later(self, path: str, item: tuple[Document, Stamp] | None) -> None:
        with self._wake:
            self._pending[path] = item
            if len(self._pending) == 1:
                self._wake.notify_all()

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._pending or self._closing)
                if not self._pending:
                    return
                self._wake.wait_for(lambda: self._closing, GATHER_S)
            try:
                self._guarded(lambda _: None)
            except Problem as error:
                # Nothing is lost: the next question meets the same trouble, or finds the notes by their stamps.
                _log.warning("index_not_written", error=error.detail)

    def _scan_folder(self, db: sqlite3.Connection, parent: str) -> None:
        try:
            mtime_ns = self._folder.folder_mtime(parent)
            entries = self._folder.entries(parent, stamps=True)
        except (FileNotFoundError, Problem):
            self._forget_below(db, parent)
            return
        settled = mtime_ns is not None and time.time_ns() - mtime_ns > RACY_NS
        self._folders[parent] = mtime_ns if settled and mtime_ns is not None else -1
        low, high = (f"{parent}/", f"{parent}0") if parent else ("", "\U0010ffff")
        known = {
            row[0]: row[1:]
            for row in db.execute(
                "SELECT path, mtime_ns, size, inode FROM notes WHERE path >= ? AND path < ?", (low, high)
            )
            if split(row[0])[0] == parent
        }
        inner = set()
        for entry in entries:
            path = join(parent, entry.name)
            if entry.is_folder:
                if addressable(entry.name):
                    inner.add(path)
                    if path not in self._folders:
                        self._scan_folder(db, path)
            elif is_note(entry.name) and not _same(entry.stamp, known.pop(path, ())):
                self._read(db, path)
        for path in known:
            self._forget(db, path)
        for path in [path for path in self._folders if path and split(path)[0] == parent and path not in inner]:
            self._forget_below(db, path)

    def _read_all_changed(self, db: sqlite3.Connection, paths: Iterable[str]) -> None:
        for path in paths:
            self._read_changed(db, path)

    def _read_changed(self, db: sqlite3.Connection, path: str) -> None:
        row = db.execute("SELECT mtime_ns, size, inode FROM notes WHERE path = ?", (path,)).fetchone()
        try:
            fresh = _same(self._folder.stamp(path), row or ())
        except Problem:
            fresh = False
        if not fresh:
            self._read(db, path)

    def _read(self, db: sqlite3.Connection, path: str) -> None:
        stamp: Stamp | None = None
        try:
            stamp = self._folder.stamp(path)
            if stamp is None:
                self._forget(db, path)
                return
            data, stamp = self._folder.read(path)
            self._write(db, path, decode(path, data), stamp)
        except FileNotFoundError:
            self._forget(db, path)
        except Problem:
            # Not UTF-8, too large, not allowed: remembered by its stamp, so that it is not read at every look.
            self._write(db, path, None, stamp)

    def _write(self, db: sqlite3.Connection, path: str, document: Document | None, stamp: Stamp | None) -> None:
        self._forget(db, path)
        if stamp is None:
            return
        meta = document.block.meta if document else None
        text = document.text if document else ""
        title = document.title if document else ""
        tags = list(dict.fromkeys(meta.tags)) if meta else []
        row = db.execute(
            "INSERT INTO notes (path, title, tags, characters, command, created, readable, mtime_ns, size, inode)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(path, title, json.dumps(tags, ensure_ascii=False), len(text)),
                *((meta.command, meta.created) if meta else (None, None)),
                *(document is not None, stamp.mtime_ns, stamp.size, stamp.inode),
            ),
        )
        if document is not None:
            db.execute("INSERT INTO words (rowid, title, body) VALUES (?, ?, ?)", (row.lastrowid, title, text))
            db.executemany(
                "INSERT OR IGNORE INTO note_tags VALUES (?, ?)", [(row.lastrowid, tag.casefold()) for tag in tags]
            )

    def _forget(self, db: sqlite3.Connection, path: str) -> None:
        row = db.execute("DELETE FROM notes WHERE path = ? RETURNING id", (path,)).fetchall()
        if row:
            db.execute("DELETE FROM words WHERE rowid = ?", row[0])
            db.execute("DELETE FROM note_tags WHERE note = ?", row[0])

    def _forget_below(self, db: sqlite3.Connection, parent: str) -> None:
        low, high = (f"{parent}/", f"{parent}0") if parent else ("", "\U0010ffff")
        for (path,) in db.execute("SELECT path FROM notes WHERE path >= ? AND path < ?", (low, high)).fetchall():
            self._forget(db, path)
        for path in [path for path in self._folders if path == parent or path.startswith(low)]:
            del self._folders[path]


def _same(stamp: Stamp | None, known: Any) -> bool:
    return stamp is not None and tuple(known) == (stamp.mtime_ns, stamp.size, stamp.inode)
