"""Faults of the disk and of SQLite, turned once into our own problems."""

import errno
import sqlite3
from typing import Final

from deskbell_daemon.notes.names import short
from deskbell_wire.errors import Problem

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DENIED: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


def problem(error: OSError, path: str) -> Problem:
    """What an OSError at `path` means to the caller."""
    shown = short(path or "the notes folder")
    if error.errno in _FULL:
        return Problem("disk_full", f"There is no room on the disk for {shown}; nothing was changed.")
    if error.errno in _DENIED:
        return Problem("folder_not_writable", f"The system refuses access to {shown}: {error.strerror}.")
    if error.errno == errno.ELOOP:
        return Problem("outside_folder", f"{shown} is a link; Deskbell follows none in the notes folder.")
    if error.errno == errno.EXDEV:
        return Problem("folder_not_writable", f"{shown} lies on another disk than the rest of the notes folder.")
    if error.errno == errno.ENAMETOOLONG:
        return Problem("unsafe_name", f"{shown} is too long a name for this disk: use a shorter one.")
    if error.errno in (errno.ENOTDIR, errno.EISDIR):
        return Problem("unreadable_note", f"{shown} is not a plain file.")
    return Problem("folder_not_writable", f"The disk failed at {shown}: {error.strerror or error}.")


def state_problem(error: sqlite3.Error) -> Problem:
    """What a failure of the journal means to the caller; nothing was changed, because it is written first."""
    if "full" in str(error):
        return Problem("disk_full", "There is no room on the disk for Deskbell's journal; nothing was changed.")
    return Problem("folder_not_writable", f"Deskbell's journal cannot be written ({error}); nothing was changed.")
