"""bubblewrap, where it is installed and works: a namespace of processes that dies with the run, whatever it forked."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

from deskbell_daemon.local_actions.programs import find_program
from deskbell_wire.errors import Problem

_OPTIONS: Final = (
    "--unshare-pid",
    "--die-with-parent",
    "--new-session",
    "--bind",
    "/",
    "/",
    "--dev-bind",
    "/dev",
    "/dev",
    "--proc",
    "/proc",
)
TRIAL_S: Final = 5


@cache
def bubblewrap() -> Path | None:
    """Where it is, if it works here: tried once, since containers and hardened kernels may forbid it. Blocks."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        program = find_program("bwrap", os.environ)
        trial = subprocess.run(  # noqa: S603 - a program that only its owner can have put there
            [str(program), *_OPTIONS, "--", "/proc/self/exe", "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TRIAL_S,
            check=False,
        )
    except (Problem, OSError, subprocess.TimeoutExpired):
        return None  # then processes.py finds what has left the group
    return program if trial.returncode == 0 else None


def wrapped(argv: list[str], sandbox: Path | None) -> list[str]:
    """The argv that runs `argv` in the sandbox; the working folder stays as it is."""
    return argv if sandbox is None else [str(sandbox), *_OPTIONS, "--", *argv]
