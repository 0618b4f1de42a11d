"""The zip of `deskbell export`: `notes/…` as the folder is (versions and trash included), `log.json`, `about.json`."""

import errno
import json
import os
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deskbell_daemon.documents import log_document
from deskbell_daemon.ledger import Entry
from deskbell_daemon.places import Places
from deskbell_wire.clock import now_us, to_timestamp
from deskbell_wire.errors import Problem
from deskbell_wire.version import RELEASE

_COLUMNS = (
    "id, action, assistant, payload, digest, state, approved, report, outcome,"
    " received_us, started_us, finished_us, reported_us"
)


def write_archive(target: Path, notes: Path, places: Places) -> dict[str, int]:
    """Write it beside `target` and put it there whole; how many `files` and `commands` it holds.

    Raises Problem name_taken, disk_full, folder_not_writable, ledger_unusable.
    """
    if target.exists():
        raise Problem("name_taken", f"{target} is there already.", next_step="Name another file.")
    part = target.with_name(f".{target.name}.{os.getpid()}")
    commands = log_of(places.ledger_file)
    files = 0
    try:
        with zipfile.ZipFile(part, "x", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
            for path in files_of(notes):
                archive.write(path, f"notes/{path.relative_to(notes).as_posix()}")
                files += 1
            archive.writestr("log.json", json.dumps({"commands": commands}, ensure_ascii=False, indent=1))
            about = {"deskbell": RELEASE, "profile": places.profile, "exported_at": to_timestamp(now_us())}
            archive.writestr("about.json", json.dumps(about, indent=1))
        part.chmod(0o600)
        part.rename(target)
    except OSError as error:
        code = "disk_full" if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)) else "folder_not_writable"
        raise Problem(code, f"{target} cannot be written: {error.strerror or error}.") from error
    finally:
        part.unlink(missing_ok=True)
    return {"files": files, "commands": len(commands)}


def files_of(folder: Path) -> Iterator[Path]:
    """The regular files below `folder`; links are not followed, for they may lead outside."""
    for root, folders, names in os.walk(folder, followlinks=False):
        folders.sort()
        for name in sorted(names):
            path = Path(root, name)
            if path.is_file() and not path.is_symlink():
                yield path


def log_of(ledger: Path) -> list[dict[str, Any]]:
    """The ledger's commands, the newest first, with what was asked; read beside a running daemon."""
    if not ledger.exists():
        return []
    try:
        connection = sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro", uri=True)
        try:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM command ORDER BY n DESC").fetchall()  # noqa: S608 - ours
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise Problem("ledger_unusable", f"{ledger} cannot be read: {error}.") from error
    entries = [Entry(*row) for row in rows]
    shown: list[dict[str, Any]] = log_document(entries)["commands"]
    return [
        {**one, "arguments": json.loads(entry.payload).get("arguments")}
        for one, entry in zip(shown, entries, strict=True)
    ]
