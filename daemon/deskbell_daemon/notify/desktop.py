"""Notices on the desktop, through desktop-notifier: one connection, opened when first needed and again when it broke."""

import asyncio
import html
import logging
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import structlog

from deskbell_daemon.notify.notice import NoNotices, Notice, Notices, Press
from deskbell_daemon.notify.server import capabilities
from deskbell_daemon.session_bus import bus_address
from deskbell_daemon.tray.menu import Choice
from deskbell_wire.errors import Problem

if TYPE_CHECKING:
    from desktop_notifier import DesktopNotifier

log = structlog.get_logger()

_ANSWER_S: Final = 5.0
_MOST_SHOWN: Final = 20


async def open_notices() -> Notices:
    """The desktop's notices, or none where there can be no desktop."""
    return DesktopNotices() if desktop_possible() else NoNotices()


def desktop_possible() -> bool:
    """Whether something here may show notifications; asked without waiting for it."""
    return sys.platform != "linux" or bus_address() is not None


class DesktopNotices:
    """A server that hangs is given up after some seconds; how long a notice stays is our own business."""

    def __init__(self) -> None:
        self._notifier: DesktopNotifier | None = None
        self._can: frozenset[str] = frozenset()
        self._shown: dict[str, str] = {}
        self._timers: dict[str, asyncio.Task[None]] = {}

    async def show(self, notice: Notice, press: Press) -> bool:
        await self.withdraw(notice.key)
        if len(self._shown) >= _MOST_SHOWN:
            await self.withdraw(next(iter(self._shown)))
        try:
            async with asyncio.timeout(_ANSWER_S):
                notifier = await self._open()
                taken: list[bool] = []
                fields = self._fields(notice, press) | {"on_dispatched": lambda: taken.append(True)}
                identifier = await notifier.send(**fields)
            if not taken:  # desktop-notifier logs what went wrong, and goes on
                raise Problem("no_notifications", "The notification server did not take it.")
            self._shown[notice.key] = identifier
        except Exception as error:  # noqa: BLE001 - each system's backend raises what that system raises
            log.warning("notice_not_shown", reason=_reason(error))
            await self._drop()
            return False
        self._timers[notice.key] = asyncio.create_task(self._expire(notice))
        return True

    async def withdraw(self, key: str) -> None:
        if (timer := self._timers.pop(key, None)) is not None and timer is not asyncio.current_task():
            timer.cancel()
        identifier = self._shown.pop(key, None)
        if identifier is None or self._notifier is None:
            return
        try:
            async with asyncio.timeout(_ANSWER_S):
                await self._notifier.clear(identifier)
        except KeyError:
            return  # it is gone already: the server took it away, or the person did
        except Exception as error:  # noqa: BLE001 - as above
            log.warning("notice_not_withdrawn", reason=_reason(error))

    async def close(self) -> None:
        for key in list(self._shown):
            await self.withdraw(key)
        await self._drop()

    async def let_go(self) -> None:
        """Close, and leave on the screen what is there."""
        await self._drop()

    async def _open(self) -> "DesktopNotifier":
        if self._notifier is None:
            from desktop_notifier import DesktopNotifier  # late: it looks for the system's own way

            if sys.platform == "linux":
                self._can = await capabilities()
            else:
                self._can = frozenset({"actions"})
            logging.getLogger("desktop_notifier").setLevel(logging.ERROR)  # with tracebacks that hold the text
            self._notifier = DesktopNotifier(app_name="Deskbell", app_icon=None)
        return self._notifier

    def _fields(self, notice: Notice, press: Press) -> dict[str, Any]:
        from desktop_notifier import Button

        def pressing(choice: Choice) -> Callable[[], None]:
            return lambda: self._pressed(notice.key, choice, press)

        buttons = [Button(label, on_pressed=pressing(choice)) for label, choice in notice.buttons]
        return {
            "title": notice.title,
            "message": html.escape(notice.body, quote=False) if "body-markup" in self._can else notice.body,
            "buttons": buttons if "actions" in self._can else (),
            "on_clicked": pressing(notice.click) if notice.click else None,
            "timeout": notice.seconds,
        }

    def _pressed(self, key: str, choice: Choice, press: Press) -> None:
        self._shown.pop(key, None)
        if (timer := self._timers.pop(key, None)) is not None:
            timer.cancel()
        press(choice)

    async def _expire(self, notice: Notice) -> None:
        # Servers differ in what they do with a time, and none says that it has passed.
        await asyncio.sleep(notice.seconds)
        await self.withdraw(notice.key)

    async def _drop(self) -> None:
        """Forget the connection; the next notice opens another."""
        notifier, self._notifier = self._notifier, None
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._shown.clear()
        bus = getattr(getattr(notifier, "_backend", None), "bus", None)
        if bus is not None:
            bus.disconnect()


def _reason(error: Exception) -> str:
    if isinstance(error, Problem):
        return error.detail
    return f"{type(error).__name__}: {error}"[:200]
