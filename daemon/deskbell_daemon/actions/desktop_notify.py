"""`desktop.notify`: shows a notification, marked as an assistant's, and not many of them."""

import asyncio
import time
from collections import deque
from threading import Lock
from typing import Final

from deskbell_daemon.actions.context import Context
from deskbell_daemon.cli.neutral import neutral
from deskbell_daemon.notify.desktop import DesktopNotices, desktop_possible
from deskbell_daemon.notify.notice import Notice
from deskbell_wire.desktop import NotifiedDesktop, NotifyDesktop
from deskbell_wire.errors import Problem

MOST: Final = 6
WITHIN_S: Final = 60.0
SECONDS: Final = 15
SIGNATURE: Final = "— an assistant, through Deskbell"
"""So that nobody takes an assistant's words for Deskbell's own question."""


class Rate:
    """At most `most` in `within_s`, whoever asks: the screen is one."""

    def __init__(self, most: int = MOST, within_s: float = WITHIN_S) -> None:
        self._most = most
        self._within_s = within_s
        self._times: deque[float] = deque()
        self._lock = Lock()

    def take(self) -> None:
        """Raises Problem `rate_limited`."""
        now = time.monotonic()
        with self._lock:
            while self._times and self._times[0] <= now - self._within_s:
                self._times.popleft()
            if len(self._times) >= self._most:
                wait_s = int(self._times[0] + self._within_s - now) + 1
                raise Problem(
                    "rate_limited",
                    f"{self._most} notifications in {self._within_s:g} s are enough for one screen.",
                    next_step=f"Wait {wait_s} s, or say it in the conversation.",
                )
            self._times.append(now)


_RATE = Rate()


def available() -> bool:
    """Whether this machine may have something that shows notifications."""
    return desktop_possible()


def perform(args: NotifyDesktop, context: Context) -> NotifiedDesktop:
    """Raises Problem `rate_limited` or `no_notifications`."""
    _RATE.take()
    body = neutral(args.text, lines=True).strip()
    notice = Notice(context.command_id, neutral(args.title), f"{body}\n{SIGNATURE}".strip(), seconds=SECONDS)
    if not asyncio.run(_show(notice)):
        raise Problem("no_notifications", "Nothing on this laptop's desktop shows notifications now.")
    return NotifiedDesktop(shown=True)


async def _show(notice: Notice) -> bool:
    notices = DesktopNotices()
    try:
        return await notices.show(notice, lambda _: None)
    finally:
        await notices.let_go()
