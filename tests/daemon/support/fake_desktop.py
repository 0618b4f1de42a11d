"""A desktop without a screen: a private session bus with a panel (StatusNotifierWatcher) and a notification server."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from dbus_fast import Message, MessageType, PropertyAccess, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusBool, DBusInt32, DBusSignature, DBusStr, DBusUInt32
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property, dbus_signal

WATCHER = "org.kde.StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
NOTIFICATIONS = "org.freedesktop.Notifications"
PEER = "org.freedesktop.DBus.Peer"

PATIENCE_S = 40


def start_bus() -> tuple["subprocess.Popen[str]", str]:
    """A session bus of our own, and its address."""
    assert shutil.which("dbus-daemon"), "This test needs dbus-daemon: install the package dbus."
    process = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


class Watcher(ServiceInterface):
    """Takes the names of icons."""

    def __init__(self) -> None:
        super().__init__(WATCHER)
        self.items: asyncio.Queue[str] = asyncio.Queue()

    @dbus_method()
    def RegisterStatusNotifierItem(self, service: DBusStr) -> None:
        self.items.put_nowait(service)

    @dbus_method()
    def RegisterStatusNotifierHost(self, service: DBusStr) -> None:
        return

    @dbus_property(access=PropertyAccess.READ)
    def IsStatusNotifierHostRegistered(self) -> DBusBool:
        return True

    @dbus_property(access=PropertyAccess.READ)
    def ProtocolVersion(self) -> DBusInt32:
        return 0


class Shown:
    """One notification as it was asked for."""

    def __init__(self, number: int, title: str, body: str, actions: list[str]) -> None:
        self.number, self.title, self.body = number, title, body
        self.buttons = {label: key for key, label in zip(actions[::2], actions[1::2], strict=True) if label}
        self.clickable = "default" in actions[::2]


class Server(ServiceInterface):
    """A notification server. `capabilities` is what it says that it can."""

    def __init__(self, capabilities: tuple[str, ...] = ("actions", "body", "body-markup")) -> None:
        super().__init__(NOTIFICATIONS)
        self._capabilities = list(capabilities)
        self.shown: list[Shown] = []
        self.fresh: asyncio.Queue[Shown] = asyncio.Queue()
        self.closed: asyncio.Queue[int] = asyncio.Queue()
        self.bus: MessageBus | None = None
        self.client = ""

    async def open(self, address: str) -> None:
        """Stand on the bus, and remember who asks for notifications."""
        self.bus = await MessageBus(bus_address=address).connect()
        self.bus.add_message_handler(self._remember)
        self.bus.export("/org/freedesktop/Notifications", self)
        await self.bus.request_name(NOTIFICATIONS)

    def _remember(self, message: Message) -> None:
        if message.member == "Notify":
            self.client = message.sender or ""

    @dbus_method()
    def GetCapabilities(self) -> Annotated[list[str], DBusSignature("as")]:
        return self._capabilities

    @dbus_method()
    def GetServerInformation(self) -> Annotated[tuple[str, str, str, str], DBusSignature("ssss")]:
        return "fake", "deskbell", "1", "1.2"

    @dbus_method()
    def Notify(
        self,
        app: DBusStr,
        replaces: DBusUInt32,
        icon: DBusStr,
        title: DBusStr,
        body: DBusStr,
        actions: Annotated[list[str], DBusSignature("as")],
        hints: Annotated[dict[str, Variant], DBusSignature("a{sv}")],
        timeout: DBusInt32,
    ) -> DBusUInt32:
        shown = Shown(len(self.shown) + 1, title, body, actions)
        self.shown.append(shown)
        self.fresh.put_nowait(shown)
        return shown.number

    @dbus_method()
    def CloseNotification(self, number: DBusUInt32) -> None:
        self.closed.put_nowait(number)
        self.NotificationClosed(number, 3)

    @dbus_signal()
    def NotificationClosed(self, number: int, reason: int) -> Annotated[tuple[int, int], DBusSignature("uu")]:
        return number, reason

    @dbus_signal()
    def ActionInvoked(self, number: int, key: str) -> Annotated[tuple[int, str], DBusSignature("us")]:
        return number, key

    def press(self, shown: Shown, label: str | None = None) -> None:
        """A button, or the text."""
        self.ActionInvoked(shown.number, shown.buttons[label] if label else "default")

    async def next(self) -> Shown:
        """The next notification, once a hand could press it: the tray has the answer to Notify by then."""
        async with asyncio.timeout(PATIENCE_S):
            shown = await self.fresh.get()
            # It reads in order, so at the first answer it has read what Notify gave, and at the second it acted on that.
            await self._ping()
            await self._ping()
        return shown

    async def _ping(self) -> None:
        assert self.bus is not None
        await self.bus.call(Message(destination=self.client, path="/", interface=PEER, member="Ping"))


class FakeDesktop:
    """`address` is the bus's. `panel_starts` and `panel_dies` as panels do."""

    def __init__(self, address: str, server: Server | None = None) -> None:
        self.address = address
        self.watcher = Watcher()
        self.server = server or Server()
        self.item = ""
        self._panel: MessageBus | None = None
        self._bus: MessageBus | None = None

    async def start(self, *, panel: bool = True, notifications: bool = True) -> "FakeDesktop":
        self._bus = await MessageBus(bus_address=self.address).connect()
        if notifications:
            await self.server.open(self.address)
        if panel:
            await self.panel_starts()
        return self

    async def panel_starts(self) -> None:
        self._panel = await MessageBus(bus_address=self.address).connect()
        self._panel.export("/StatusNotifierWatcher", self.watcher)
        await self._panel.request_name(WATCHER)

    def panel_dies(self) -> None:
        assert self._panel is not None
        self._panel.unexport("/StatusNotifierWatcher", self.watcher)
        self._panel.disconnect()
        self._panel = None

    def stop(self) -> None:
        for bus in (self._panel, self._bus, self.server.bus):
            if bus is not None:
                bus.disconnect()

    async def icon_comes(self) -> str:
        async with asyncio.timeout(PATIENCE_S):
            self.item = await self.watcher.items.get()
        return self.item

    async def ask(self, path: str, interface: str, member: str, signature: str = "", *body: Any) -> Any:
        """Call the tray; its answer's body."""
        assert self._bus is not None
        answer = await self._bus.call(
            Message(
                destination=self.item, path=path, interface=interface, member=member, signature=signature,
                body=list(body),
            )
        )  # fmt: skip
        assert answer is not None
        assert answer.message_type is not MessageType.ERROR, answer.body
        return answer.body

    async def property(self, name: str) -> Any:
        [value] = await self.ask("/StatusNotifierItem", "org.freedesktop.DBus.Properties", "Get", "ss", ITEM, name)
        return value.value

    async def menu(self) -> list[Any]:
        """The lines as (id, label, properties, children)."""
        _, root = await self.ask("/MenuBar", MENU, "GetLayout", "iias", 0, -1, [])
        return _lines(root)

    async def find(self, *labels: str) -> Any:
        """The line whose label starts with the last word, in the menu of the ones before. None: it is not there."""
        lines, found = await self.menu(), None
        for label in labels:
            found = next((line for line in lines if line[1].startswith(label)), None)
            if found is None:
                return None
            lines = found[3]
        return found

    async def wait(self, what: Callable[[], Any]) -> Any:
        """Until the coroutine of `what` gives something. The tray tells of changes by signals; a panel reads again."""
        async with asyncio.timeout(PATIENCE_S):
            while not (found := await what()):
                await asyncio.sleep(0.03)
            return found

    async def click(self, *labels: str) -> None:
        """Click a line, once it is there."""
        line = await self.wait(lambda: self.find(*labels))
        await self.click_id(line[0])

    async def click_id(self, number: int) -> None:
        await self.ask("/MenuBar", MENU, "Event", "isvu", number, "clicked", Variant("s", ""), 0)


def _lines(node: Any) -> list[Any]:
    found = []
    for child in node[2]:
        number, properties, _ = child.value
        plain = {name: value.value for name, value in properties.items()}
        found.append((number, plain.get("label", "").replace("__", "_"), plain, _lines(child.value)))
    return found


def start_tray(home: Path, address: str | None, **environment: str) -> "subprocess.Popen[bytes]":
    """`deskbell tray` as a process. What it opens is written into home/opened: pages, and `folder` or `file` paths."""
    tools = home / "tools"
    tools.mkdir(exist_ok=True)
    for name in ("browser", "xdg-open"):
        (tools / name).write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >> {home}/opened\n')
        (tools / name).chmod(0o755)
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("DBUS_", "DISPLAY", "WAYLAND", "XDG"))
    }
    return subprocess.Popen(
        [sys.executable, "-m", "deskbell_daemon.cli", "tray"],
        env={
            **kept,
            "DESKBELL_HOME": str(home),
            "BROWSER": f"{tools}/browser %s",
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
            **({"DBUS_SESSION_BUS_ADDRESS": address} if address else {}),
            **environment,
        },
    )
