"""The exit codes, in one table; scripts rely on them, and docs/command-line.md lists them."""

from enum import IntEnum
from typing import Final


class ExitCode(IntEnum):
    """What `deskbell` ends with."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_PAIRED = 3
    DAEMON_NOT_RUNNING = 4
    REFUSED = 5
    RELAY_UNREACHABLE = 6
    NOT_FINISHED = 7


MEANINGS: Final[dict[ExitCode, str]] = {
    ExitCode.OK: "All went well",
    ExitCode.FAILED: "It failed; the sentence on stderr says why and what to do next",
    ExitCode.USAGE: "The command or its arguments are wrong",
    ExitCode.NOT_PAIRED: "This profile is not paired, or no longer welcome at its relay",
    ExitCode.DAEMON_NOT_RUNNING: "The daemon does not run, or something else answers in its place",
    ExitCode.REFUSED: "The person at the laptop refused, or Deskbell is paused",
    ExitCode.RELAY_UNREACHABLE: "The relay cannot be reached",
    ExitCode.NOT_FINISHED: "It is not finished yet: queued, or waiting for somebody",
}

_BY_PROBLEM: Final[dict[str, ExitCode]] = {
    "unknown_operation": ExitCode.USAGE,
    "not_paired": ExitCode.NOT_PAIRED,
    "revoked_token": ExitCode.NOT_PAIRED,
    "daemon_not_running": ExitCode.DAEMON_NOT_RUNNING,
    "daemon_not_genuine": ExitCode.DAEMON_NOT_RUNNING,
    "refused": ExitCode.REFUSED,
    "paused": ExitCode.REFUSED,
    "relay_unreachable": ExitCode.RELAY_UNREACHABLE,
    "draining": ExitCode.RELAY_UNREACHABLE,
}

_BY_STATUS: Final[dict[str, ExitCode]] = {
    "done": ExitCode.OK,
    "refused": ExitCode.REFUSED,
    "failed": ExitCode.FAILED,
    "interrupted": ExitCode.FAILED,
    "expired": ExitCode.FAILED,
    "cancelled": ExitCode.FAILED,
}


def of_problem(code: str) -> ExitCode:
    """The exit code of an error of the table in deskbell_wire.errors."""
    return _BY_PROBLEM.get(code, ExitCode.FAILED)


def of_status(status: str) -> ExitCode:
    """The exit code of a command's status."""
    return _BY_STATUS.get(status, ExitCode.NOT_FINISHED)
