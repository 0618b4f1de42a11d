"""Finds and ends the processes of a run, also those that have left its group: on Linux, by what /proc says."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deskbell_daemon.local_actions.environment import MARK

_PROC: Final = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """One process; `started` tells it from a later one of the same number."""

    pid: int
    parent: int
    session: int
    started: int


def members(root: int, mark: str) -> list[Process]:
    """The processes of the run whose first process is or was `root`: its descendants, its session, and what bears its mark.

    The root itself is not among them. Blocks for some milliseconds. Empty where there is no /proc.
    """
    processes = {process.pid: process for process in _all()}
    found: dict[int, Process] = {}
    word = f"{MARK}={mark}".encode()
    for process in processes.values():
        if process.pid != root and (process.session == root or _bears(process.pid, word)):
            found[process.pid] = process
    grown = True
    while grown:
        children = [p for p in processes.values() if p.pid not in found and (p.parent == root or p.parent in found)]
        children = [process for process in children if process.pid != root]
        found |= {process.pid: process for process in children}
        grown = bool(children)
    return list(found.values())


def end_group(root: int, number: int) -> None:
    """Send a signal to the process group whose leader is or was `root`; it may be gone."""
    if sys.platform == "win32":
        subprocess.run(  # noqa: S603
            ["taskkill", "/T", "/F", "/PID", str(root)],  # noqa: S607 - Windows' own, by its search path
            capture_output=True,
            check=False,
        )
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):  # PermissionError: macOS, for a group of zombies
        os.killpg(root, number)


def end(process: Process, number: int) -> None:
    """Send a signal to `process`, if it is still the same one."""
    found = _read(process.pid)
    if found is not None and found.started == process.started:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process.pid, number)


def end_members(root: int, mark: str) -> int:
    """Kill whatever is left of a run, until nothing is; how many there were. Blocks."""
    ended = 0
    for _ in range(20):  # a process that forks while we look is found in the next round
        left = members(root, mark)
        for process in left:
            end(process, signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
        ended += len(left)
        if not left:
            break
    return ended


def _all() -> Iterator[Process]:
    if not _PROC.is_dir():
        return
    for entry in os.scandir(_PROC):
        if entry.name.isdigit() and (process := _read(int(entry.name))) is not None:
            yield process


def _read(pid: int) -> Process | None:
    """None: it has gone, or is only waited for."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the name before it may hold anything
    if fields[0] in "ZX":
        return None
    return Process(pid, int(fields[1]), int(fields[3]), int(fields[19]))


def _bears(pid: int, word: bytes) -> bool:
    try:
        return word in (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:  # another user's, or gone
        return False
