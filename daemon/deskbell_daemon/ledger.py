"""The device's own record of every command: received, started, finished, reported; and how far the stream was read.

The cursor moves in the same transaction as the command that it belongs to: what the ledger does not have, the relay
sends again.
"""

import asyncio
import hashlib
import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from deskbell_daemon.group_commit import GroupCommit
from deskbell_wire import clock
from deskbell_wire.command import Command
from deskbell_wire.errors import Problem
from deskbell_wire.result import Report

T = TypeVar("T")

State = Literal["ready", "waiting", "started", "finished"]
"""`waiting`: for a person. `started`: the effect may have happened."""

VERSION = 1
SCHEMA = """
CREATE TABLE command (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  action TEXT NOT NULL,
  assistant TEXT NOT NULL,
  payload TEXT NOT NULL,
  digest BLOB NOT NULL,
  state TEXT NOT NULL,
  approved INTEGER NOT NULL DEFAULT 0,
  report TEXT,
  outcome TEXT,
  received_us INTEGER NOT NULL,
  started_us INTEGER,
  finished_us INTEGER,
  reported_us INTEGER
) STRICT;
CREATE INDEX command_unfinished ON command (n) WHERE state != 'finished';
CREATE INDEX command_unreported ON command (n) WHERE state = 'finished' AND reported_us IS NULL;
CREATE TABLE memory (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
"""
_COLUMNS = (
    "id, action, assistant, payload, digest, state, approved, report, outcome,"
    " received_us, started_us, finished_us, reported_us"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One command as the ledger has it. Instants in microseconds of this machine's clock."""

    id: str
    action: str
    assistant: str
    payload: str
    digest: bytes
    state: State
    approved: bool = False
    report: str | None = None
    outcome: str | None = None
    received_us: int = 0
    started_us: int | None = None
    finished_us: int | None = None
    reported_us: int | None = None

    @property
    def command(self) -> Command:
        """The command as it came. Raises ValidationError for one that never was a valid command."""
        return Command.model_validate_json(self.payload)


@dataclass(frozen=True, slots=True)
class Admission:
    """What `Ledger.admit` found: `fresh`, or the `entry` from before, which the newcomer equals (`same`) or not."""

    fresh: bool
    entry: Entry
    same: bool = True


def new_entry(command: Command, state: State, report: Report | None = None) -> Entry:
    """An entry for a command that was just received; `finished` with its `report`."""
    content = [command.action, command.arguments, command.device_id, command.assistant.grant_id]
    digest = hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=16).digest()
    return Entry(
        command.id,
        command.action,
        command.assistant.name,
        command.model_dump_json(),
        digest,
        state,
        report=report.model_dump_json(exclude_none=True) if report else None,
    )


class Ledger:
    """Every method that returns a future is in the order of its calls; the future resolves once it is durable."""

    def __init__(self, path: Path) -> None:
        """Raises Problem `ledger_unusable`, `disk_full` or `folder_not_writable`."""
        self._writer = GroupCommit(path, _prepare)
        self._streams = 0
        self._broken = 0  # of the writing thread: streams up to here may write no more

    def begin_stream(self) -> int:
        """The number of a new stream, to be given to `admit` and `move_cursor`.

        Once a write for a stream has failed, all its later ones fail too: the cursor must not pass a hole.
        """
        self._streams += 1
        return self._streams

    def admit(self, entry: Entry, cursor: str | None, stream: int) -> "asyncio.Future[Admission]":
        """Record a received command and move the cursor past it. A command seen before stays as it was."""
        now = clock.now_us()

        def write(connection: sqlite3.Connection) -> Admission:
            if cursor is not None:
                _remember(connection, "cursor", cursor)
            known = _find(connection, entry.id)
            if known is not None:
                return Admission(False, known, known.digest == entry.digest)
            connection.execute(
                "INSERT INTO command (id, action, assistant, payload, digest, state, report, received_us, started_us,"
                " finished_us) VALUES (?,?,?,?,?,?,?,?,?,?)",
                (
                    entry.id,
                    entry.action,
                    entry.assistant,
                    entry.payload,
                    entry.digest,
                    entry.state,
                    entry.report,
                    now,
                    now if entry.state == "started" else None,
                    now if entry.state == "finished" else None,
                ),
            )
            return Admission(True, entry)

        return self._of_stream(stream, write)

    def move_cursor(self, cursor: str, stream: int) -> "asyncio.Future[None]":
        """Past events that are no commands."""
        return self._of_stream(stream, lambda connection: _remember(connection, "cursor", cursor))

    def forget_cursor(self) -> "asyncio.Future[None]":
        """For a new pairing: another channel."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM memory WHERE key = 'cursor'")

        return self._writer.submit(write)

    def start(self, command_id: str) -> "asyncio.Future[None]":
        """Before the effect."""
        now = clock.now_us()

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE command SET state = 'started', started_us = ? WHERE id = ? AND state != 'finished'",
                (now, command_id),
            )

        return self._writer.submit(write)

    def approve(self, command_id: str) -> "asyncio.Future[None]":
        """A person said yes: it is ready, also after a restart."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE command SET state = 'ready', approved = 1 WHERE id = ? AND state IN ('waiting', 'ready')",
                (command_id,),
            )

        return self._writer.submit(write)

    def finish(self, command_id: str, report: Report) -> "asyncio.Future[None]":
        """After the effect, or instead of it. The first report stays."""
        now = clock.now_us()
        text = report.model_dump_json(exclude_none=True)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE command SET state = 'finished', report = ?, finished_us = ? WHERE id = ? AND state != 'finished'",
                (text, now, command_id),
            )

        return self._writer.submit(write)

    def reported(self, command_id: str, outcome: str) -> "asyncio.Future[None]":
        """The relay has it (`outcome` `taken`), or never will (its code)."""
        now = clock.now_us()

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE command SET reported_us = ?, outcome = ? WHERE id = ?", (now, outcome, command_id)
            )

        return self._writer.submit(write, lazy=True)  # forgetting it costs one more report, which changes nothing

    def cursor(self) -> "asyncio.Future[str | None]":
        """The id of the last event that the ledger has. None: nothing yet."""

        def read(connection: sqlite3.Connection) -> str | None:
            row = connection.execute("SELECT value FROM memory WHERE key = 'cursor'").fetchone()
            return row and str(row[0])

        return self._writer.submit(read)

    def unfinished(self) -> "asyncio.Future[list[Entry]]":
        """In the order of receipt."""
        return self._select("WHERE state != 'finished' ORDER BY n")

    def unreported(self) -> "asyncio.Future[list[Entry]]":
        """Finished, and the relay is not known to have it; in the order of receipt."""
        return self._select("WHERE state = 'finished' AND reported_us IS NULL ORDER BY n")

    def ended(self, action: str, limit: int = 100) -> "asyncio.Future[list[Entry]]":
        """The finished commands of one action, newest first."""
        return self._select("WHERE action = ? AND state = 'finished' ORDER BY n DESC LIMIT ?", action, limit)

    def recent(self, limit: int) -> "asyncio.Future[list[Entry]]":
        """Newest first."""
        return self._select("ORDER BY n DESC LIMIT ?", limit)

    def find(self, command_id: str) -> "asyncio.Future[Entry | None]":
        return self._writer.submit(lambda connection: _find(connection, command_id))

    def counts(self) -> "asyncio.Future[dict[str, int]]":
        """How many commands are in each state, and how many finished ones are `unreported`."""

        def read(connection: sqlite3.Connection) -> dict[str, int]:
            counts = {"ready": 0, "waiting": 0, "started": 0}
            counts.update(
                connection.execute("SELECT state, count(*) FROM command WHERE state != 'finished' GROUP BY state")
            )
            for name, query in (
                ("unreported", "SELECT count(*) FROM command WHERE state = 'finished' AND reported_us IS NULL"),
                ("finished", "SELECT count(*) FROM command WHERE state = 'finished'"),
            ):
                counts[name] = connection.execute(query).fetchone()[0]
            return counts

        return self._writer.submit(read)

    def prune(self, before_us: int, keep_rows: int) -> "asyncio.Future[int]":
        """Forget reported commands finished before `before_us`, and above `keep_rows`; returns how many."""

        def write(connection: sqlite3.Connection) -> int:
            return connection.execute(
                "DELETE FROM command WHERE reported_us IS NOT NULL AND (finished_us < ? OR n <="
                " (SELECT n FROM command ORDER BY n DESC LIMIT 1 OFFSET ?))",
                (before_us, keep_rows),
            ).rowcount

        return self._writer.submit(write)

    async def close(self) -> None:
        await self._writer.close()

    def _of_stream(self, stream: int, write: Callable[[sqlite3.Connection], T]) -> "asyncio.Future[T]":
        def guarded(connection: sqlite3.Connection) -> T:
            if stream <= self._broken:
                raise Problem("ledger_unusable", "An earlier event of this stream could not be recorded.")
            return write(connection)

        def failed() -> None:
            self._broken = max(self._broken, stream)

        return self._writer.submit(guarded, failed=failed)

    def _select(self, rest: str, *parameters: int | str) -> "asyncio.Future[list[Entry]]":
        def read(connection: sqlite3.Connection) -> list[Entry]:
            return [_entry(row) for row in connection.execute(f"SELECT {_COLUMNS} FROM command {rest}", parameters)]  # noqa: S608 - `rest` is ours

        return self._writer.submit(read)


def _prepare(connection: sqlite3.Connection) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        connection.executescript(f"BEGIN IMMEDIATE;{SCHEMA}COMMIT;")
    elif version != VERSION:
        raise Problem("ledger_unusable", f"The ledger is of version {version}; this Deskbell knows {VERSION}.")


def _remember(connection: sqlite3.Connection, key: str, value: str) -> None:
    connection.execute("INSERT OR REPLACE INTO memory (key, value) VALUES (?, ?)", (key, value))


def _find(connection: sqlite3.Connection, command_id: str) -> Entry | None:
    row = connection.execute(f"SELECT {_COLUMNS} FROM command WHERE id = ?", (command_id,)).fetchone()  # noqa: S608 - no input
    return row and _entry(row)


def _entry(row: tuple[object, ...]) -> Entry:
    values = list(row)
    values[6] = bool(values[6])
    return Entry(*values)  # type: ignore[arg-type]  # STRICT tables hold what the schema says
