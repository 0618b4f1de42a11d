"""Where the audit log lies: full files by the number of their first record, the current one, and the head beside them."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deskbell_daemon.audit.record import Record, parse
from deskbell_daemon.private_file import write_private

CURRENT: Final = "audit.jsonl"
HEAD: Final = "head.json"
_LINE_BYTES: Final = 64_000
"""No record comes near it."""


class Head(BaseModel):
    """The end of the chain, so that a cut tail shows. Written after the records that it speaks of."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    chain: str
    n: int = Field(ge=0)
    hash: str

    def write(self, folder: Path) -> None:
        """Raises Problem `disk_full` or `folder_not_writable`."""
        write_private(folder / HEAD, self.model_dump_json())


def read_head(folder: Path) -> Head | None:
    """None when it is not there, or not what Deskbell wrote."""
    try:
        return Head.model_validate_json((folder / HEAD).read_bytes())
    except (OSError, ValidationError):
        return None


def files(folder: Path) -> list[Path]:
    """The files of the log, the oldest first, the current one last (where they are)."""
    current = folder / CURRENT
    return [*sorted(folder.glob("audit-*.jsonl")), *([current] if current.exists() else [])]


def full_name(first_n: int) -> str:
    """The name of a full file, by the number of its first record."""
    return f"audit-{first_n:012d}.jsonl"


def lines(path: Path) -> Iterator[tuple[int, bytes, bool]]:
    """Line number, line without its end, and whether it had one."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(_LINE_BYTES):
            number += 1
            yield number, line.removesuffix(b"\n"), line.endswith(b"\n")


def first_record(path: Path) -> Record | None:
    """The record of the first line, if it is one."""
    for _, line, _ in lines(path):
        return _record(line)
    return None


def last_record(path: Path) -> Record | None:
    """The last record that can be read, near the end of the file."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 4 * _LINE_BYTES))
        tail = file.read()
    for line in reversed(tail.split(b"\n")):
        if (record := _record(line)) is not None:
            return record
    return None


def whole_bytes(path: Path) -> int:
    """How many bytes of the file are whole lines: a power cut can leave half a line that nobody was told of."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _LINE_BYTES))
        tail = file.read()
    return size - len(tail) + tail.rfind(b"\n") + 1


def _record(line: bytes) -> Record | None:
    try:
        return parse(line)
    except ValueError:
        return None
