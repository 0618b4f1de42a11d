"""Sees that config.toml was changed, and reads it again; a broken file changes nothing, and is spoken of."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog
from watchfiles import Change, awatch

from deskbell_daemon.places import Places
from deskbell_daemon.private_file import make_private_folder
from deskbell_daemon.settings import Settings, load_settings
from deskbell_wire.errors import Problem

log = structlog.get_logger()

STEP_MS = 50
DEBOUNCE_MS = 300
LOOK_AGAIN_S = 5.0
"""How often the file is read where the system grants no watch."""


class SettingsWatch:
    """`changed` gets new settings that are valid and other than the last ones. `problem`: what is wrong with the file."""

    def __init__(self, places: Places, settings: Settings, changed: Callable[[Settings], Awaitable[None]]) -> None:
        self.problem: Problem | None = None
        self._places = places
        self._settings = settings
        self._changed = changed
        self._task: asyncio.Task[None] | None = None
        self._looking = asyncio.Lock()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="settings")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def look(self) -> None:
        """Read the file now; what it says holds when this returns."""
        async with self._looking:
            await self._look()

    async def _look(self) -> None:
        try:
            settings = await asyncio.to_thread(load_settings, self._places)
        except Problem as problem:
            if self.problem is None or self.problem.detail != problem.detail:
                log.warning("settings_not_valid", detail=problem.detail)
            self.problem = problem
            return
        if self.problem is not None:
            log.info("settings_valid_again")
        self.problem = None
        if settings != self._settings:
            self._settings = settings
            log.info("settings_read_again")
            await self._changed(settings)

    async def _run(self) -> None:
        file = self._places.config_file

        def is_ours(_: Change, path: str) -> bool:
            return path == str(file) or path == str(file.resolve())

        while True:
            try:
                await asyncio.to_thread(make_private_folder, file.parent)
                await self.look()  # for what happened before the watch
                # The folder: editors put a new file in the old one's place.
                changes = awatch(file.parent, watch_filter=is_ours, recursive=False, step=STEP_MS, debounce=DEBOUNCE_MS)
                async with contextlib.aclosing(changes):
                    async for _ in changes:
                        await self.look()
            except (OSError, RuntimeError, Problem) as error:
                log.warning("settings_not_watched", error=str(error)[:200])
            await asyncio.sleep(LOOK_AGAIN_S)
