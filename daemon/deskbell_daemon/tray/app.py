"""The tray's process: the icon has the main thread, as macOS asks; a second one follows the daemon and does the clicks."""

import asyncio
import sys
import threading
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import structlog
from filelock import FileLock, Timeout

from deskbell_daemon.notify.bell import Bell
from deskbell_daemon.notify.desktop import open_notices
from deskbell_daemon.places import Places
from deskbell_daemon.private_file import make_private_folder
from deskbell_daemon.tray.backend import open_icon, pystray_menu
from deskbell_daemon.tray.follower import Documents, Follower
from deskbell_daemon.tray.hands import Hands
from deskbell_daemon.tray.icons import icon as picture
from deskbell_daemon.tray.menu import Choice, menu
from deskbell_daemon.tray.model import State, short
from deskbell_wire.errors import Problem

log = structlog.get_logger()

NOTICE_S = 20.0
"""How long the menu says why a click could not be done."""


class Tray:
    """One profile's icon. `run` returns when the person hides it, or the process is told to end."""

    def __init__(self, places: Places, hands: Hands) -> None:
        self._hands = hands
        self._places = places
        self._state = State()
        self._notice = ""
        self._icon = open_icon(picture("not_running"), self._state.tooltip, menu(self._state), self._press)
        self._loop = asyncio.new_event_loop()
        self._follower: Follower | None = None
        self._following: asyncio.Task[None] | None = None
        self._clicks: set[asyncio.Task[None]] = set()

    def run(self) -> None:
        """Blocks; on the main thread."""
        following = threading.Thread(target=self._follow, name="follower", daemon=True)
        following.start()
        try:
            self._icon.run()
        finally:
            self._on_loop(self._end)
            following.join(timeout=5)

    # The icon's thread

    def _press(self, choice: Choice) -> None:
        if choice.verb == "hide":
            threading.Thread(target=self._icon.stop, name="hide").start()  # it waits for the thread that we are on
            return
        self._on_loop(lambda: self._begin(choice, "tray"))

    def _on_loop(self, work: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(work)
        except RuntimeError:
            log.debug("tray_has_ended")  # the loop is closed: the click came too late

    # The follower's thread

    def _follow(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._following = self._loop.create_task(self._follow_and_notify())
        try:
            self._loop.run_until_complete(self._following)
        except asyncio.CancelledError:
            log.debug("tray_ends")
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    async def _follow_and_notify(self) -> None:
        notices = await open_notices()
        bell = Bell(notices, lambda choice: self._begin(choice, "notification"))

        async def heard(documents: Documents, finished: list[dict[str, Any]]) -> None:
            await bell.look(documents.requests, documents.approvals)
            await bell.tell(finished, documents.commands)

        self._follower = Follower(self._places, self._changed, heard)
        try:
            await self._follower.run()
        finally:
            bell.close()
            await notices.close()

    def _end(self) -> None:
        if self._following is not None:
            self._following.cancel()

    def _begin(self, choice: Choice, by: str) -> None:
        self._spawn(self._do(choice, by))

    async def _do(self, choice: Choice, by: str) -> None:
        try:
            said = await self._hands.do(choice, by)
        except Problem as problem:
            log.info("click_failed", verb=choice.verb, code=problem.code)
            said = f"{problem.detail} {problem.next_step}"
        if choice.verb == "quit":
            threading.Thread(target=self._icon.stop, name="quit").start()
            return
        if self._follower is not None:
            self._follower.look()
        if said:
            await self._say(short(said, 100))

    async def _say(self, notice: str) -> None:
        self._notice = notice
        self._show(replace(self._state, notice=notice))
        await asyncio.sleep(NOTICE_S)
        if self._notice == notice:
            self._notice = ""
            self._show(replace(self._state, notice=""))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._clicks.add(task)
        task.add_done_callback(self._clicks.discard)

    def _changed(self, state: State) -> None:
        self._show(replace(state, notice=self._notice or state.notice))

    def _show(self, state: State) -> None:
        if state == self._state:
            return
        before, self._state = self._state, state

        def draw() -> None:
            if state.phase != before.phase:
                self._icon.icon = picture(state.phase)
            self._icon.title = state.tooltip
            self._icon.menu = pystray_menu(menu(state), self._press)

        _on_screen(draw)


def _on_screen(draw: Callable[[], None]) -> None:
    """macOS lets only the main thread draw; pystray's other ways take it from any."""
    if sys.platform == "darwin":
        from PyObjCTools import AppHelper

        AppHelper.callAfter(draw)
    else:
        draw()


def run_tray(places: Places) -> None:
    """Show the icon until it is hidden or the process is told to end.

    Raises Problem `tray_unavailable` where none can be shown, `tray_running` where one is shown already.
    """
    make_private_folder(places.state_dir)
    lock = FileLock(places.state_dir / "tray.lock", timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise Problem("tray_running", f"A tray already runs for the profile {places.profile!r}.") from None
    try:
        Tray(places, Hands(places)).run()
    finally:
        lock.release()
