"""The icon as `org.kde.StatusNotifierItem` on D-Bus. Source: freedesktop.org's StatusNotifierItem page."""

from collections.abc import Callable
from typing import Annotated, Any

from dbus_fast import PropertyAccess
from dbus_fast.annotations import DBusBool, DBusInt32, DBusObjectPath, DBusSignature, DBusStr
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property, dbus_signal

MENU_PATH = "/MenuBar"
ITEM_PATH = "/StatusNotifierItem"

Pixmaps = Annotated[list[Any], DBusSignature("a(iiay)")]


class NotifierItem(ServiceInterface):
    """`pixmaps`: lists of width, height and ARGB32 bytes. `activate` is called for a click on the icon itself."""

    def __init__(self, name: str, activate: Callable[[], None]) -> None:
        super().__init__("org.kde.StatusNotifierItem")
        self._id = name
        self._activate = activate
        self._title = ""
        self._pixmaps: list[Any] = []
        self._visible = False

    def draw(self, pixmaps: list[Any]) -> None:
        self._pixmaps = pixmaps
        self.NewIcon()

    def entitle(self, title: str) -> None:
        self._title = title
        self.NewTitle()
        self.NewToolTip()

    def appear(self, visible: bool) -> None:
        self._visible = visible
        self.NewStatus(self._status)

    @property
    def _status(self) -> str:
        return "Active" if self._visible else "Passive"

    @dbus_method()
    def Activate(self, x: DBusInt32, y: DBusInt32) -> None:  # noqa: N802 - D-Bus's name, as all below
        self._activate()

    @dbus_method()
    def SecondaryActivate(self, x: DBusInt32, y: DBusInt32) -> None:  # noqa: N802
        self._activate()

    @dbus_method()
    def ContextMenu(self, x: DBusInt32, y: DBusInt32) -> None:  # noqa: N802 - the panel draws the menu
        return

    @dbus_method()
    def Scroll(self, delta: DBusInt32, orientation: DBusStr) -> None:  # noqa: N802 - scrolling means nothing here
        return

    @dbus_signal()
    def NewTitle(self) -> None:  # noqa: N802
        return

    @dbus_signal()
    def NewIcon(self) -> None:  # noqa: N802
        return

    @dbus_signal()
    def NewToolTip(self) -> None:  # noqa: N802
        return

    @dbus_signal()
    def NewStatus(self, status: str) -> DBusStr:  # noqa: N802
        return status

    @dbus_property(access=PropertyAccess.READ)
    def Category(self) -> DBusStr:  # noqa: N802
        return "ApplicationStatus"

    @dbus_property(access=PropertyAccess.READ)
    def Id(self) -> DBusStr:  # noqa: N802
        return self._id

    @dbus_property(access=PropertyAccess.READ)
    def Title(self) -> DBusStr:  # noqa: N802
        return self._title

    @dbus_property(access=PropertyAccess.READ)
    def Status(self) -> DBusStr:  # noqa: N802
        return self._status

    @dbus_property(access=PropertyAccess.READ)
    def WindowId(self) -> DBusInt32:  # noqa: N802
        return 0

    @dbus_property(access=PropertyAccess.READ)
    def IconName(self) -> DBusStr:  # noqa: N802
        return ""

    @dbus_property(access=PropertyAccess.READ)
    def IconThemePath(self) -> DBusStr:  # noqa: N802
        return ""

    @dbus_property(access=PropertyAccess.READ)
    def IconPixmap(self) -> Pixmaps:  # noqa: N802
        return self._pixmaps

    @dbus_property(access=PropertyAccess.READ)
    def OverlayIconName(self) -> DBusStr:  # noqa: N802
        return ""

    @dbus_property(access=PropertyAccess.READ)
    def OverlayIconPixmap(self) -> Pixmaps:  # noqa: N802
        return []

    @dbus_property(access=PropertyAccess.READ)
    def AttentionIconName(self) -> DBusStr:  # noqa: N802
        return ""

    @dbus_property(access=PropertyAccess.READ)
    def AttentionIconPixmap(self) -> Pixmaps:  # noqa: N802
        return []

    @dbus_property(access=PropertyAccess.READ)
    def AttentionMovieName(self) -> DBusStr:  # noqa: N802
        return ""

    @dbus_property(access=PropertyAccess.READ)
    def ToolTip(self) -> Annotated[list[Any], DBusSignature("(sa(iiay)ss)")]:  # noqa: N802
        return ["", [], self._title, ""]

    @dbus_property(access=PropertyAccess.READ)
    def ItemIsMenu(self) -> DBusBool:  # noqa: N802
        return True

    @dbus_property(access=PropertyAccess.READ)
    def Menu(self) -> DBusObjectPath:  # noqa: N802
        return MENU_PATH
