"""Server processes: starting and stopping them, their CPU time and their memory, from /proc by way of psutil."""

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent


def new_event_loop() -> asyncio.AbstractEventLoop:
    """uvloop's loop, the same as the relay's, for every Python process in a run."""
    import uvloop  # late: the driver's report works without it

    return uvloop.new_event_loop()


def free_port() -> int:
    """A loopback TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def child(
    *arguments: str,
    program: str = sys.executable,
    talks: bool = False,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> asyncio.subprocess.Process:
    """Start a program in the repository's root.

    `talks` connects its stdin and stdout by pipes; `log` takes its stderr, which otherwise is the driver's.
    """
    pipe = asyncio.subprocess.PIPE if talks else asyncio.subprocess.DEVNULL
    with log.open("ab") if log else contextlib.nullcontext() as stderr:
        return await asyncio.create_subprocess_exec(
            program,
            *arguments,
            cwd=ROOT,
            stdin=pipe,
            stdout=pipe,
            stderr=stderr,
            env={**os.environ, **(environment or {})},
            limit=1 << 28,
        )


async def stop(process: asyncio.subprocess.Process, patience: float = 10) -> None:
    """SIGTERM, and SIGKILL after `patience` seconds."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), patience)
    except TimeoutError:
        process.kill()
        await process.wait()


async def listening(
    port: int, process: asyncio.subprocess.Process, timeout: float = 15, log: Path | None = None
) -> None:
    """Return once the port accepts; RuntimeError, with the log's end, when the process ends first or `timeout` seconds pass."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if process.returncode is not None:
            raise RuntimeError(f"the server ended with exit code {process.returncode} before it listened{_end(log)}")
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        return
    raise RuntimeError(f"nothing listens on 127.0.0.1:{port} after {timeout:g} s{_end(log)}")


def _end(log: Path | None) -> str:
    return f"; its log ends: {log.read_text()[-2000:]}" if log else ""


def _family(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def cpu_seconds(pid: int) -> float:
    """User and system time of the process, all its threads and its children, in seconds (ticks of 10 ms)."""
    return sum(times.user + times.system for times in (process.cpu_times() for process in _family(pid)))


def memory_bytes(pid: int) -> int:
    """Proportional set size of the process and its children.

    PSS, not RSS: nginx's workers share their memory with the master, and a sum of RSS would count it twice.
    """
    return sum(int(process.memory_full_info().pss) for process in _family(pid))
