"""The index's tables, and how they are opened. Everything in them can be made again from the notes."""

import sqlite3
from pathlib import Path
from typing import Final

LAYOUT: Final = 1
"""Raise it when the tables change: an index of another layout is made anew."""

_SCHEMA: Final = """
CREATE TABLE notes (
  id INTEGER PRIMARY KEY,
  path TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  tags TEXT NOT NULL,
  characters INTEGER NOT NULL,
  command TEXT,
  created TEXT,
  readable INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  size INTEGER NOT NULL,
  inode INTEGER NOT NULL
);
CREATE INDEX notes_newest ON notes (mtime_ns DESC, path);
CREATE INDEX notes_command ON notes (command) WHERE command IS NOT NULL;
CREATE TABLE note_tags (note INTEGER NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (tag, note)) WITHOUT ROWID;
CREATE INDEX note_tags_note ON note_tags (note);
CREATE VIRTUAL TABLE words USING fts5 (title, body, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');
"""
REBUILD: Final = frozenset(
    {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
    }
)
"""What a damaged, deleted or foreign file answers; our own statements are fixed, so a plain ERROR means other tables."""


def open_index(file: Path) -> sqlite3.Connection:
    """The index as it is, or an empty one where it is missing, damaged or of another layout."""
    try:
        db = _connect(file)
        if db.execute("PRAGMA user_version").fetchone()[0] == LAYOUT:
            db.execute("SELECT count(*) FROM notes, note_tags, words LIMIT 0").fetchall()
            return db
        db.close()
    except sqlite3.DatabaseError as error:
        if not damaged(error):
            raise
    return new_index(file)


def new_index(file: Path) -> sqlite3.Connection:
    """An empty index in the place of what is there."""
    for path in (file, file.with_name(file.name + "-wal"), file.with_name(file.name + "-shm")):
        path.unlink(missing_ok=True)
    db = _connect(file)
    db.executescript(_SCHEMA)
    db.execute(f"PRAGMA user_version = {LAYOUT}")
    return db


def damaged(error: sqlite3.Error) -> bool:
    """Whether making the index anew is the answer to this error."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in REBUILD


def _connect(file: Path) -> sqlite3.Connection:
    db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        # NORMAL: a power cut may lose the last entries, and the next scan finds them again.
        db.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.Error:
        db.close()
        raise
    return db
