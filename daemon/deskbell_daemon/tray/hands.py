"""Does what a click says, through the loopback API alone: the tray may nothing that another client may not."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from deskbell_daemon.local.client import LocalClient
from deskbell_daemon.places import Places
from deskbell_daemon.tray.menu import Choice, Verb
from deskbell_daemon.tray.opening import open_page, open_path
from deskbell_wire.errors import Problem

PAGES: Final[dict[Verb, str]] = {"show": "requests", "connect": "connect", "access": "access"}
_PLAIN: Final[dict[Verb, str]] = {
    "pause": "/v1/pause",
    "resume": "/v1/resume",
    "panic": "/v1/panic",
    "quit": "/v1/shutdown",
}
_EACH: Final[dict[Verb, str]] = {
    "allow": "/v1/requests/{}/approve",
    "refuse": "/v1/requests/{}/refuse",
    "admit": "/v1/relay/approvals/{}/approve",
    "deny": "/v1/relay/approvals/{}/deny",
}
_ANSWER_S: Final = 20.0


class Hands:
    """`open_page` and `open_path` hand something to the desktop; they block, and run in a thread."""

    def __init__(
        self,
        places: Places,
        *,
        open_page: Callable[[str], object] = open_page,
        open_path: Callable[[Path], object] = open_path,
    ) -> None:
        self._places = places
        self._open_page = open_page
        self._open_path = open_path

    async def do(self, choice: Choice, by: str = "tray") -> str:
        """Do it; a sentence for the person, or nothing. `by`: where the click was. Raises Problem."""
        verb = choice.verb
        if verb == "settings":
            await asyncio.to_thread(self._open_path, self._settings_file())
            return ""
        async with LocalClient(self._places, _ANSWER_S) as daemon:
            if verb in PAGES:
                url = str((await daemon.post("/v1/pages", {"page": PAGES[verb]}))["url"])
                if not url.startswith("http://127.0.0.1:"):
                    raise Problem("internal", "The daemon gave an address that is not this machine's.")
                await asyncio.to_thread(self._open_page, url)
            elif verb == "notes":
                folder = Path((await daemon.get("/v1/status"))["notes_folder"])
                await asyncio.to_thread(self._open_path, folder)
            elif verb == "undo":
                undone = await daemon.post("/v1/undo", {"id": choice.targets[0], "by": by})
                return f"Undone: {undone['title']}"
            elif verb in _PLAIN:
                await daemon.post(_PLAIN[verb], {"by": by})
            elif verb in _EACH:
                await self._each(daemon, choice, by)
            else:
                raise Problem("internal", f"The tray does not know how to {verb}.")
        return ""

    async def _each(self, daemon: LocalClient, choice: Choice, by: str) -> None:
        body = {"by": by, "for": "once"} if choice.verb == "allow" else {"by": by}
        for target in choice.targets:
            try:
                await daemon.post(_EACH[choice.verb].format(target), body)
            except Problem as problem:
                # Of many that are refused, some may have been answered meanwhile.
                if problem.code != "request_not_found" or len(choice.targets) == 1:
                    raise

    def _settings_file(self) -> Path:
        from deskbell_daemon.cli.commands.configuration import BEGINNING
        from deskbell_daemon.private_file import write_private

        path = self._places.config_file
        if not path.exists():
            write_private(path, BEGINNING)
        return path
