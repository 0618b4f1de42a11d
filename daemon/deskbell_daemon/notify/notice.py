"""What a notification says and what its buttons do, whatever draws it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from deskbell_daemon.tray.menu import Choice

Press = Callable[[Choice], None]


@dataclass(frozen=True, slots=True)
class Notice:
    """Texts are harmless already, but for markup. A notice replaces the one of the same `key`."""

    key: str
    title: str
    body: str = ""
    buttons: tuple[tuple[str, Choice], ...] = ()
    click: Choice | None = None
    """What a click on the text does."""
    seconds: int = 15


class Notices(Protocol):
    """Something that shows notices, or nothing that does. No method raises."""

    async def show(self, notice: Notice, press: Press) -> bool:
        """Whether it was given to something that shows it."""
        ...

    async def withdraw(self, key: str) -> None:
        """Take it away, if it is still there."""
        ...

    async def close(self) -> None: ...


class NoNotices:
    """For where there is no desktop."""

    async def show(self, notice: Notice, press: Press) -> bool:
        return False

    async def withdraw(self, key: str) -> None:
        return

    async def close(self) -> None:
        return
