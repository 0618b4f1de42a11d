"""Follows the daemon: listens to what changes, reads how things are then, and comes back when the daemon does."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from deskbell_daemon.local.client import LocalClient
from deskbell_daemon.places import Places
from deskbell_daemon.tray.model import State, read_state
from deskbell_wire.errors import Problem

log = structlog.get_logger()

RETRY_S: Final = 1.0
CALM_S: Final = 0.2
"""A burst of changes is read once."""
LOOK_AGAIN_S: Final = 30.0
"""What nobody announces: an approval that expired, a line that went silent."""
LAST: Final = 8


@dataclass(slots=True)
class Documents:
    """The daemon's documents as last read."""

    status: Mapping[str, Any] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    approvals: list[dict[str, Any]] = field(default_factory=list)
    commands: list[dict[str, Any]] = field(default_factory=list)


Heard = Callable[[Documents, list[dict[str, Any]]], Awaitable[None]]
"""Takes the documents, and the `finished` events since the last call."""


class Follower:
    """`changed` gets every new State, on the loop's thread; `heard` what notifications need."""

    def __init__(self, places: Places, changed: Callable[[State], None], heard: Heard) -> None:
        self._places = places
        self._changed = changed
        self._heard = heard
        self._documents = Documents()
        self._dirty = asyncio.Event()
        self._approvals_dirty = True
        self._finished: list[dict[str, Any]] = []
        self._said = ""

    def look(self) -> None:
        """Read how things are now: a click has changed them."""
        self._approvals_dirty = True
        self._dirty.set()

    async def run(self) -> None:
        """For ever; until cancelled."""
        while True:
            try:
                async with LocalClient(self._places) as daemon:
                    self._said = ""
                    await self._follow(daemon)
            except Problem as problem:
                if problem.detail != self._said:  # once for each reason, not each second
                    self._said = problem.detail
                    log.info("daemon_away", code=problem.code, detail=problem.detail)
                self._changed(State(notice="" if problem.code == "daemon_not_running" else problem.detail[:100]))
            else:
                self._changed(State())
            await asyncio.sleep(RETRY_S)

    async def _follow(self, daemon: LocalClient) -> None:
        self.look()
        reading = asyncio.create_task(self._read_on(daemon))
        listening = asyncio.create_task(self._listen(daemon))
        try:
            done, _ = await asyncio.wait([reading, listening], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (reading, listening):
                task.cancel()
            await asyncio.gather(reading, listening, return_exceptions=True)

    async def _listen(self, daemon: LocalClient) -> None:
        async with contextlib.aclosing(daemon.events()) as events:
            async for name, data in events:
                if name == "approval":
                    self._approvals_dirty = True
                elif name == "finished":
                    self._finished.append(data)
                self._dirty.set()

    async def _read_on(self, daemon: LocalClient) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await self._dirty.wait()
            self._dirty.clear()
            await self._read(daemon)
            await asyncio.sleep(CALM_S)

    async def _read(self, daemon: LocalClient) -> None:
        status = await daemon.get("/v1/status")
        requests = (await daemon.get("/v1/requests"))["requests"]
        commands = (await daemon.get(f"/v1/log?limit={LAST}"))["commands"]
        if self._approvals_dirty or self._documents.approvals:
            self._approvals_dirty = False
            approvals = await self._approvals(daemon)
        else:
            approvals = []
        self._documents = Documents(status, requests, approvals, commands)
        finished, self._finished = self._finished, []
        self._changed(read_state(status, requests, approvals, commands))
        await self._heard(self._documents, finished)

    async def _approvals(self, daemon: LocalClient) -> list[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = (await daemon.get("/v1/relay/approvals"))["approvals"]
        except Problem as problem:
            # The relay is away, or there is none: the icon shows that already. What was known still waits, perhaps.
            log.debug("approvals_not_read", code=problem.code)
            return self._documents.approvals if problem.code != "not_paired" else []
        return found
