"""The questions to the index: search and list, as SQL over its tables."""

import base64
import binascii
import json
import sqlite3
from dataclasses import dataclass
from typing import Any, Final

from deskbell_daemon.notes.query import Query
from deskbell_wire.clock import to_timestamp
from deskbell_wire.errors import Problem
from deskbell_wire.notes import NoteEntry, NoteHit, NoteHits, NoteList

TITLE_WEIGHT: Final = 5.0
SNIPPET_TOKENS: Final = 24
_NOTE: Final = "n.path, n.mtime_ns, n.size, n.inode, n.title"


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows that begin with path, mtime_ns, size, inode; and how many there are in all."""

    rows: list[tuple[Any, ...]]
    total: int


@dataclass(frozen=True, slots=True)
class Within:
    """Only notes in this folder (and below), only with this tag."""

    folder: str = ""
    tag: str | None = None

    def where(self) -> tuple[str, list[Any]]:
        clauses, values = ["n.readable"], list[Any]()
        if self.folder:
            # '0' is the character after '/': everything below the folder, and the index on path is used.
            clauses.append("n.path >= ? AND n.path < ?")
            values += [f"{self.folder}/", f"{self.folder}0"]
        if self.tag is not None:
            clauses.append("n.id IN (SELECT note FROM note_tags WHERE tag = ?)")
            values.append(self.tag.lstrip("#").casefold())
        return " AND ".join(clauses), values


def search(db: sqlite3.Connection, query: Query, within: Within, limit: int) -> Answer:
    """The best matches first; a title counts five times."""
    where, values = within.where()
    if query.excluded:
        where += " AND n.id NOT IN (SELECT rowid FROM words WHERE words MATCH ?)"
        values.append(query.excluded)
    if query.wanted:
        source = "words JOIN notes n ON n.id = words.rowid"
        snippet = f"snippet(words, -1, '**', '**', '…', {SNIPPET_TOKENS})"
        order = f"bm25(words, {TITLE_WEIGHT}, 1.0), n.path"
        where = f"words MATCH ? AND {where}"
        values.insert(0, query.wanted)
    elif query.excluded:
        source, snippet, order = (
            "notes n JOIN words ON words.rowid = n.id",
            "substr(words.body, 1, 200)",
            "n.mtime_ns DESC, n.path",
        )
    else:
        return Answer([], 0)
    # Only our own fixed words are put into the statement; every value is bound.
    total = db.execute(f"SELECT count(*) FROM {source} WHERE {where}", values).fetchone()[0]  # noqa: S608
    rows = db.execute(
        f"SELECT {_NOTE}, {snippet} FROM {source} WHERE {where} ORDER BY {order} LIMIT ?",  # noqa: S608
        [*values, limit],
    ).fetchall()
    return Answer(rows, total)


def newest(db: sqlite3.Connection, within: Within, limit: int, page: str | None) -> Answer:
    """The latest change first. A page starts after the note that the last one ended with, whatever came meanwhile."""
    where, values = within.where()
    total = db.execute(f"SELECT count(*) FROM notes n WHERE {where}", values).fetchone()[0]  # noqa: S608
    skip = 0
    if page is not None:
        mtime_ns, skip = _place(page)
        where += " AND n.mtime_ns <= ?"
        values.append(mtime_ns)
    rows = db.execute(
        f"SELECT {_NOTE}, n.tags, n.characters FROM notes n WHERE {where}"  # noqa: S608
        " ORDER BY n.mtime_ns DESC, n.path LIMIT ? OFFSET ?",
        [*values, limit + 1, skip],
    ).fetchall()
    return Answer(rows, total)


def hits(answer: Answer) -> NoteHits:
    return NoteHits(
        hits=[
            NoteHit(
                path=path, title=title, snippet=" ".join(snippet.split()), updated_at=to_timestamp(mtime_ns // 1000)
            )
            for path, mtime_ns, _, _, title, snippet in answer.rows
        ],
        total=answer.total,
    )


def page(answer: Answer, limit: int, before: str | None) -> NoteList:
    rows = answer.rows[:limit]
    return NoteList(
        notes=[
            NoteEntry(
                path=path,
                title=title,
                tags=json.loads(tags),
                characters=characters,
                updated_at=to_timestamp(mtime_ns // 1000),
            )
            for path, mtime_ns, _, _, title, tags, characters in rows
        ],
        total=answer.total,
        next_page=_token(rows, before) if len(answer.rows) > limit else None,
    )


def _token(rows: list[tuple[Any, ...]], before: str | None) -> str:
    """Where the next page starts: the time of the last note given, and how many of that very time were given."""
    last = rows[-1][1]
    given = sum(row[1] == last for row in rows)
    if before is not None and given == len(rows):
        earlier, skip = _place(before)
        given += skip if earlier == last else 0
    return base64.urlsafe_b64encode(f"{last}.{given}".encode()).decode()


def _place(token: str) -> tuple[int, int]:
    try:
        mtime_ns, _, skip = base64.b64decode(token.encode(), altchars=b"-_", validate=True).decode().partition(".")
        place = int(mtime_ns), int(skip)
    except (ValueError, binascii.Error) as error:
        raise Problem(
            "invalid_arguments", "page is not a next_page of listNotes: leave it out to start anew."
        ) from error
    if not (0 <= place[0] < 2**63 and 0 <= place[1] < 2**31):
        raise Problem("invalid_arguments", "page is not a next_page of listNotes: leave it out to start anew.")
    return place
