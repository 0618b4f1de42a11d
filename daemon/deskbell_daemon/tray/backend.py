"""Which icon this desktop can show, and our menu as pystray's. pystray is imported here alone, and late.

Its package opens a display while it is imported, and raises what that raises.
"""

import asyncio
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

import structlog

from deskbell_daemon.tray.menu import Choice, Item
from deskbell_wire.errors import Problem

if TYPE_CHECKING:
    from PIL.Image import Image

log = structlog.get_logger()

Press = Callable[[Choice], None]

FALLBACKS: Final = ("_appindicator", "_gtk", "_xorg")
"""pystray's own ways on Linux, the best first; the last has an icon and no menu: a click on it opens the page."""


def open_icon(image: "Image", title: str, items: Sequence[Item], press: Press) -> Any:
    """A `pystray.Icon` that is not shown yet; its `run()` belongs on the main thread.

    Raises Problem `tray_unavailable` where no icon can be shown.
    """
    kind = _kind()
    return kind("deskbell", image, title, pystray_menu(items, press))


def pystray_menu(items: Sequence[Item], press: Press) -> Any:
    """`items` as a `pystray.Menu`."""
    from pystray import Menu, MenuItem

    class Keyed(MenuItem):  # type: ignore[misc]  # pystray has no types
        """Knows what it does, so that a click on an older menu can be told from one on this."""

        key = ""

    def pressing(choice: Choice) -> Callable[[], None]:
        return lambda: press(choice)

    def made(item: Item, place: str) -> Any:
        if item.separator:
            return Menu.SEPARATOR
        # Two requests can look the same: what they do tells them apart.
        key = f"{place} {item.label} {item.action or [child.action for child in item.children]}"
        does: Any = None
        if item.children:
            does = Menu(*(made(child, key) for child in item.children))
        elif item.action is not None:
            does = pressing(item.action)
        checked = None if item.checked is None else lambda _: bool(item.checked)
        found = Keyed(item.label, does, checked=checked, default=item.default, enabled=item.enabled)
        found.key = key
        return found

    return Menu(*(made(item, "") for item in items))


def _kind() -> Any:
    if sys.platform in {"darwin", "win32"}:
        import pystray

        return pystray.Icon
    try:
        asyncio.run(_bus_answers())
    except Problem as problem:
        return _fallback(problem)
    _import_pystray()
    from deskbell_daemon.tray.linux import Icon

    return Icon


async def _bus_answers() -> None:
    from deskbell_daemon.session_bus import connect

    bus = await connect()
    bus.disconnect()


def _fallback(problem: Problem) -> Any:
    reasons = [problem.detail]
    _import_pystray()
    for name in FALLBACKS:
        try:
            found = importlib.import_module(f"pystray.{name}").Icon
        # ImportError: not installed; ValueError: GTK of another version; the rest: Xlib's errors, which share no base.
        except Exception as error:  # noqa: BLE001
            reasons.append(f"{name[1:]}: {str(error) or type(error).__name__}")
        else:
            log.warning("tray_falls_back", backend=name[1:], reason=problem.detail)
            return found
    raise Problem("tray_unavailable", f"No icon can be shown here. {'; '.join(reasons)}"[:1_000])


def _import_pystray() -> None:
    """Import the package without its search for a display."""
    before = os.environ.get("PYSTRAY_BACKEND")
    os.environ["PYSTRAY_BACKEND"] = "dummy"
    try:
        importlib.import_module("pystray")
    finally:
        if before is None:
            del os.environ["PYSTRAY_BACKEND"]
        else:
            os.environ["PYSTRAY_BACKEND"] = before
