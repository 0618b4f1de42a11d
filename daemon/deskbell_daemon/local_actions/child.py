"""Runs one program to its end: watched by its return code, its output capped while it is read, all of it ended in time."""

import asyncio
import contextlib
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from deskbell_daemon.local_actions.output import Kept, Lines
from deskbell_daemon.local_actions.processes import Process, end, end_group, end_members, members
from deskbell_daemon.local_actions.sandbox import wrapped
from deskbell_wire.errors import Problem

GRACE_S: Final = 2.0
"""Between the polite signal and the one that cannot be refused."""

PIPES_S: Final = 0.5
"""How long the last output may take after the program has ended: a grandchild may hold the pipes for ever."""

KILL: Final = signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL


@dataclass(frozen=True, slots=True)
class Invocation:
    """All that is needed to run a program. The argv's first word is an absolute path."""

    argv: list[str]
    folder: Path
    environment: dict[str, str]
    timeout_s: float
    output_bytes: int
    sandbox: Path | None = None
    keeps_running: bool = False
    mark: str = field(default_factory=lambda: secrets.token_hex(8))


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended: by itself, at its deadline, or because it was stopped."""

    by: Literal["itself", "deadline", "stopped"]
    exit_code: int | None
    output: str
    error_output: str
    truncated: bool
    seconds: float


class _Watch(asyncio.SubprocessProtocol):
    """Hears of the process's output and end."""

    def __init__(self, output_bytes: int, lines: Lines) -> None:
        # Errors matter by their last lines, and are seldom long.
        self.kept = {1: Kept(output_bytes), 2: Kept(max(1_000, output_bytes // 4))}
        self.lines = lines
        self.exited = asyncio.Event()
        self.drained = asyncio.Event()
        self._open = {1, 2}

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self.kept[fd].add(data)
        self.lines.add(data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._open.discard(fd)
        if not self._open:
            self.drained.set()

    def process_exited(self) -> None:
        self.exited.set()


async def run(invocation: Invocation, tell: Callable[[str], None], stopped: asyncio.Event) -> Ending:
    """Run it until it ends, its time is up, or `stopped` is set. `tell` gets its last line, twice a second at most.

    Raises Problem action_not_started.
    """
    lines = Lines(tell)
    began = time.monotonic()
    transport, watch = await _start(invocation, lines)
    run = _Run(invocation, transport, watch)
    try:
        by = await run.outcome(stopped)
        if by != "itself":
            await run.end()
        elif not invocation.keeps_running:
            run.kill()  # what it has left behind in its group
            await asyncio.to_thread(end_members, run.pid, invocation.mark)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PIPES_S):
                await watch.drained.wait()
    finally:
        lines.close()
        if not watch.exited.is_set():
            run.kill()  # we are being cancelled ourselves: no time for manners
        transport.close()
    code = transport.get_returncode()
    out, err = watch.kept[1], watch.kept[2]
    return Ending(
        by,
        code if by == "itself" and code is not None and code >= 0 else None,  # below 0: the signal that ended it
        out.text(),
        err.text(),
        bool(out.left_out or err.left_out),
        round(time.monotonic() - began, 3),
    )


async def _start(invocation: Invocation, lines: Lines) -> tuple[asyncio.SubprocessTransport, _Watch]:
    group: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    # What goes on afterwards must not die of a pipe that nobody reads.
    sink = subprocess.DEVNULL if invocation.keeps_running else subprocess.PIPE
    argv = wrapped(invocation.argv, None if invocation.keeps_running else invocation.sandbox)
    try:
        return await asyncio.get_running_loop().subprocess_exec(
            lambda: _Watch(invocation.output_bytes, lines),
            *argv,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            cwd=str(invocation.folder),
            env=invocation.environment,
            **group,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Problem("action_not_started", f"{invocation.argv[0]} could not be started: {reason}.") from error


class _Run:
    """A started program."""

    def __init__(self, invocation: Invocation, transport: asyncio.SubprocessTransport, watch: _Watch) -> None:
        self._invocation = invocation
        self._watch = watch
        self.pid = transport.get_pid()
        if invocation.keeps_running:
            watch.drained.set()  # there are no pipes

    async def outcome(self, stopped: asyncio.Event) -> Literal["itself", "deadline", "stopped"]:
        """Wait for whichever comes first."""
        exited = asyncio.create_task(self._watch.exited.wait())
        told = asyncio.create_task(stopped.wait())
        try:
            await asyncio.wait((exited, told), timeout=self._invocation.timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            exited.cancel()
            told.cancel()
        if self._watch.exited.is_set():
            return "itself"
        return "stopped" if stopped.is_set() else "deadline"

    async def end(self) -> None:
        """Ask all of it to end, then make it end."""
        left = await asyncio.to_thread(members, self.pid, self._invocation.mark)
        if (
            not self._is_wrapped
        ):  # bubblewrap itself would take its whole namespace with it, before anyone could tidy up
            end_group(self.pid, signal.SIGTERM)
        for process in self._asked(left):
            end(process, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE_S):
                await self._watch.exited.wait()
        self.kill()
        await asyncio.to_thread(end_members, self.pid, self._invocation.mark)
        await self._watch.exited.wait()

    def kill(self) -> None:
        """At once, without looking for what has left the group."""
        end_group(self.pid, KILL)

    @property
    def _is_wrapped(self) -> bool:
        return self._invocation.sandbox is not None and not self._invocation.keeps_running

    def _asked(self, left: list[Process]) -> list[Process]:
        if not self._is_wrapped:
            return left
        return [process for process in left if process.parent != self.pid]  # but the namespace's own first process
