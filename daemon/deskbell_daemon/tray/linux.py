"""The icon on Linux: pystray's interface over D-Bus, where pystray's own ways need system packages or have no menus.

Import `pystray` through `backend.py` first: its package looks for a display while it is imported.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import structlog
from dbus_fast import Message, MessageType
from dbus_fast.errors import DBusError
from PIL import Image
from pystray import _base

from deskbell_daemon.session_bus import connect
from deskbell_daemon.tray.dbusmenu import DBusMenu, Line
from deskbell_daemon.tray.icons import SIZES, argb
from deskbell_daemon.tray.notifier_item import ITEM_PATH, MENU_PATH, NotifierItem
from deskbell_wire.errors import Problem

if TYPE_CHECKING:
    from dbus_fast.aio import MessageBus

log = structlog.get_logger()

WATCHER: Final = "org.kde.StatusNotifierWatcher"
NO_PANEL: Final = (
    "No panel here shows icons (nothing owns org.kde.StatusNotifierWatcher); GNOME needs its AppIndicator extension. "
    "Deskbell works without the icon: see `deskbell requests` and `deskbell open`."
)
_ANSWER_S: Final = 5.0
_RETRY_S: Final = (0.2, 1.0, 5.0, 15.0)


class Icon(_base.Icon):  # type: ignore[misc]  # pystray has no types
    """A `pystray.Icon`. A panel that restarts, one that comes late and a bus that comes back are all met again."""

    HAS_MENU_RADIO = False
    HAS_NOTIFICATION = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Event | None = None
        self._bus: MessageBus | None = None
        self._item = NotifierItem(self.name, self)
        self._lines = DBusMenu()
        self._told = False

    # What pystray asks for

    def _show(self) -> None:
        title = self.title  # it may have changed while nothing was shown
        self._post(lambda: self._item.entitle(title))
        self._post(lambda: self._item.appear(True))

    def _hide(self) -> None:
        self._post(lambda: self._item.appear(False))

    def _update_icon(self) -> None:
        self._icon_valid = True
        pixmaps = _pixmaps(self.icon) if self.icon else []
        self._post(lambda: self._item.draw(pixmaps))

    def _update_title(self) -> None:
        title = self.title
        self._post(lambda: self._item.entitle(title))

    def _update_menu(self) -> None:
        menu = self.menu
        self._post(lambda: self._lines.show(self._read(menu)))

    def _run(self) -> None:
        asyncio.run(self._serve())

    def _run_detached(self) -> None:
        threading.Thread(target=self._run, daemon=True, name="tray").start()

    def _stop(self) -> None:
        ended = self._ended
        if ended is not None:
            self._post(ended.set)

    def _notify(self, message: str, title: str | None = None) -> None:
        raise AssertionError("HAS_NOTIFICATION is false: notifications are another room's")

    def _remove_notification(self) -> None:
        return  # there is none

    # Inside

    def _post(self, work: Callable[[], None]) -> None:
        loop = self._loop
        if loop is None or loop.is_closed():
            return  # `_serve` takes up how things are when it starts
        try:
            loop.call_soon_threadsafe(work)
        except RuntimeError:
            return  # it closed between the two lines: nothing is shown any more

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._loop.add_signal_handler(number, self._ended.set)
        self._item.entitle(self.title)
        self._item.draw(_pixmaps(self.icon))
        self._mark_ready()
        ended = asyncio.create_task(self._ended.wait())
        keeping = asyncio.create_task(self._keep())
        try:
            await asyncio.wait([ended, keeping], return_when=asyncio.FIRST_COMPLETED)
            if keeping.done():
                await keeping  # only a fault ends it
        finally:
            for task in (ended, keeping):
                task.cancel()
            await asyncio.gather(ended, keeping, return_exceptions=True)
            if self._bus is not None:
                self._bus.disconnect()

    async def _keep(self) -> None:
        """Be on the bus, and come back when it does."""
        failures = 0
        while True:
            try:
                self._bus = await self._appear()
            except Problem as problem:
                log.warning("tray_without_bus", detail=problem.detail)
                await asyncio.sleep(_RETRY_S[min(failures, len(_RETRY_S) - 1)])
                failures += 1
                continue
            failures = 0
            try:
                await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
            except (OSError, EOFError) as error:
                log.warning("session_bus_lost", reason=_reason(error))

    async def _appear(self) -> "MessageBus":
        bus = await connect()
        try:
            async with asyncio.timeout(_ANSWER_S):
                await self._introduce(bus)
        # It may die, or hang, between any two of these.
        except (OSError, EOFError, TimeoutError, DBusError) as error:
            bus.disconnect()
            raise Problem("tray_unavailable", f"The session bus went away: {_reason(error)}.") from error
        return bus

    async def _introduce(self, bus: "MessageBus") -> None:
        for path, interface in ((ITEM_PATH, self._item), (MENU_PATH, self._lines)):
            for other in list(type(interface)._get_buses(interface)):  # of a bus that is gone
                other.unexport(path, interface)
            bus.export(path, interface)
        bus.add_message_handler(lambda message: self._heard(bus, message))
        rule = f"type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='{WATCHER}'"
        await bus.call(
            Message(
                destination="org.freedesktop.DBus",
                path="/org/freedesktop/DBus",
                interface="org.freedesktop.DBus",
                member="AddMatch",
                signature="s",
                body=[rule],
            )
        )
        await bus.request_name(self._name_on(bus))
        await self._register(bus)

    def _name_on(self, bus: "MessageBus") -> str:
        return f"org.kde.StatusNotifierItem-{os.getpid()}-1"

    def _heard(self, bus: "MessageBus", message: Message) -> None:
        if message.message_type is MessageType.SIGNAL and message.member == "NameOwnerChanged":
            name, _, owner = message.body
            if name == WATCHER and owner:  # the panel has come, or come back
                task = asyncio.get_running_loop().create_task(self._register(bus))
                task.add_done_callback(_report)

    async def _register(self, bus: "MessageBus") -> None:
        answer = await bus.call(
            Message(
                destination=WATCHER,
                path="/StatusNotifierWatcher",
                interface=WATCHER,
                member="RegisterStatusNotifierItem",
                signature="s",
                body=[self._name_on(bus)],
            )
        )
        if answer is not None and answer.message_type is MessageType.ERROR:
            if not self._told:
                log.warning("tray_without_panel", detail=NO_PANEL, error=answer.error_name)
            self._told = True
            return
        self._told = False
        log.info("tray_shown")

    def _read(self, menu: Any, path: str = "") -> tuple[Line, ...]:
        return tuple(self._line(item, f"{path}/{place}") for place, item in enumerate(menu or ()))

    def _line(self, item: Any, place: str) -> Line:
        if item is _base.Menu.SEPARATOR:
            return Line(f"separator {place}", separator=True)
        key = getattr(item, "key", None) or f"{place} {item.text}"
        return Line(
            key,
            item.text,
            enabled=bool(item.enabled),
            checked=item.checked,
            press=None if item.submenu else lambda: item(self),
            children=self._read(item.submenu, key) if item.submenu else (),
        )


def _report(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("tray_not_registered", reason=_reason(error))


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _pixmaps(picture: Image.Image) -> list[list[Any]]:
    return [[size, size, argb(picture.resize((size, size), Image.Resampling.LANCZOS))] for size in SIZES]
