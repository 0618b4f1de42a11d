"""Finds the program of an action, and refuses one that somebody else could have put there."""

import os
import shutil
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deskbell_wire.errors import Problem

BATCH: Final = (".bat", ".cmd")
"""Windows hands their arguments to a shell, whatever the caller quotes (CVE-2024-24576)."""


def search_path(environment: Mapping[str, str]) -> str:
    """The PATH without relative folders: what stands in a working folder is no program."""
    folders = environment.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if folder and Path(folder).is_absolute())


def find_program(word: str, environment: Mapping[str, str]) -> Path:
    """The absolute path of the program that `word` names. Raises Problem action_not_started, action_unsafe."""
    if "/" in word or "\\" in word:
        given = Path(word).expanduser()
        if not given.is_absolute():
            raise Problem("action_unsafe", f"{word!r} is neither a program's name nor a whole path.")
        found = str(given) if os.access(given, os.X_OK) and given.is_file() else None
    else:
        found = shutil.which(word, path=search_path(environment))
    if found is None:
        raise Problem("action_not_started", f"The program {word!r} is not installed, or cannot be executed.")
    program = Path(found)
    check_program(program)
    return program


def check_program(program: Path) -> None:
    """Whether others can replace the program, or what it is a link to. Raises Problem action_unsafe."""
    if sys.platform == "win32":
        if program.suffix.lower() in BATCH:
            raise Problem("action_unsafe", f"{program} is a batch file, which Windows runs in a shell.")
        return
    try:
        real = program.resolve(strict=True)
        for path in (program.parent, real, real.parent):
            check_writers(path)
    except OSError as error:
        raise Problem("action_not_started", f"The program {program} cannot be looked at: {error.strerror}.") from error


def check_writers(path: Path) -> None:
    """Raises Problem action_unsafe when any user of this machine may write the file or folder; OSError."""
    if sys.platform != "win32" and path.stat().st_mode & stat.S_IWOTH:
        raise Problem("action_unsafe", f"{path} can be changed by every user of this machine: chmod o-w it first.")
