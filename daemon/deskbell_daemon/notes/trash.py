"""The trash: `.deskbell/trash` in the notes folder; each note there has a record of where it was, why and when."""

import json
from typing import Final

from deskbell_daemon.notes.folder import Folder
from deskbell_daemon.notes.names import MAX_NAME_BYTES, cut, split
from deskbell_wire.clock import to_timestamp

FOLDER: Final = ".deskbell/trash"
_RECORD: Final = ".json"


def place(path: str, command: str) -> str:
    """Where the note at `path` goes when this command trashes it: `.deskbell/trash/Boat.cmd_….md`."""
    _, name = split(path)
    stem, _, suffix = name.rpartition(".")
    tail = f".{command}.{suffix}"
    return f"{FOLDER}/{cut(stem, MAX_NAME_BYTES - len(tail.encode()) - len(_RECORD))}{tail}"


def write_record(folder: Folder, trashed: str, path: str, command: str, at: int) -> None:
    """Written before the note moves, so that nothing lies in the trash without its record."""
    folder.remove(trashed + _RECORD)
    record = {"path": path, "command": command, "trashed_at": to_timestamp(at)}
    folder.write(trashed + _RECORD, json.dumps(record, ensure_ascii=False, indent=1).encode())


def remove_record(folder: Folder, trashed: str) -> None:
    folder.remove(trashed + _RECORD)


def sweep(folder: Folder) -> None:
    """Removes records whose note never came, or has gone back."""
    names = {entry.name for entry in folder.entries(FOLDER)}
    for name in names:
        if name.endswith(_RECORD) and name.removesuffix(_RECORD) not in names:
            folder.remove(f"{FOLDER}/{name}")
