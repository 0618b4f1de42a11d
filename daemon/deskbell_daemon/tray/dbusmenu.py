"""The menu as `com.canonical.dbusmenu` on D-Bus: the panel reads its layout and tells which line was clicked.

Source: libdbusmenu's dbus-menu.xml. A line's id belongs to what the line does, never to where it stands: a click that was
meant for an older menu does what that menu said, or nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

from dbus_fast import PropertyAccess, Variant
from dbus_fast.annotations import DBusInt32, DBusSignature, DBusStr, DBusUInt32, DBusVariant
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property, dbus_signal

ROOT = 0

Properties = dict[str, Variant]
Strings = Annotated[list[str], DBusSignature("as")]
Numbers = Annotated[list[int], DBusSignature("ai")]
Node = Annotated[list[Any], DBusSignature("(ia{sv}av)")]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the menu. `key` says what it does; equal keys are the same line in every later menu."""

    key: str
    label: str = ""
    enabled: bool = True
    checked: bool | None = None
    separator: bool = False
    press: Callable[[], None] | None = field(default=None, compare=False)
    children: tuple["Line", ...] = ()


class DBusMenu(ServiceInterface):
    """Give it lines with `show`; it calls a line's `press` when the panel says that it was clicked."""

    def __init__(self) -> None:
        super().__init__("com.canonical.dbusmenu")
        self._lines: tuple[Line, ...] = ()
        self._revision = 1
        self._ids: dict[str, int] = {}
        self._next = ROOT + 1
        self._by_id: dict[int, Line] = {ROOT: Line("root")}

    def show(self, lines: tuple[Line, ...]) -> None:
        """The panel is told only when something is different: a menu that is open must not flicker."""
        changed = lines != self._lines
        self._lines = lines
        self._by_id = {ROOT: Line("root", children=lines)}
        for line in _all(lines):
            self._by_id[self._id(line)] = line
        self._ids = {key: number for key, number in self._ids.items() if number in self._by_id}
        if changed:
            self._revision += 1
            self.LayoutUpdated(self._revision, ROOT)

    def _id(self, line: Line) -> int:
        if line.key not in self._ids:
            self._ids[line.key] = self._next
            self._next += 1  # never one that was used before
        return self._ids[line.key]

    def _properties(self, number: int, names: list[str]) -> Properties:
        found = _properties(self._by_id[number], number == ROOT)
        return {name: value for name, value in found.items() if not names or name in names}

    def _node(self, number: int, depth: int, names: list[str]) -> list[Any]:
        children = self._by_id[number].children if depth else ()
        inner = [Variant("(ia{sv}av)", self._node(self._id(child), depth - 1, names)) for child in children]
        return [number, self._properties(number, names), inner]

    def _pressed(self, number: int, event: str) -> bool:
        line = self._by_id.get(number)
        if line is None:
            return False
        if event == "clicked" and line.enabled and line.press is not None:
            line.press()
        return True

    # What the panel calls

    @dbus_method()
    def GetLayout(  # noqa: N802 - D-Bus's name, as all below
        self, parent: DBusInt32, depth: DBusInt32, names: Strings
    ) -> Annotated[tuple[int, list[Any]], DBusSignature("u(ia{sv}av)")]:
        start = parent if parent in self._by_id else ROOT
        return self._revision, self._node(start, depth, names)

    @dbus_method()
    def GetGroupProperties(  # noqa: N802
        self, ids: Numbers, names: Strings
    ) -> Annotated[list[Any], DBusSignature("a(ia{sv})")]:
        return [[number, self._properties(number, names)] for number in ids or self._by_id if number in self._by_id]

    @dbus_method()
    def GetProperty(self, number: DBusInt32, name: DBusStr) -> DBusVariant:  # noqa: N802
        if number not in self._by_id:
            return Variant("s", "")
        return self._properties(number, [name]).get(name, Variant("s", ""))

    @dbus_method()
    def Event(self, number: DBusInt32, event: DBusStr, data: DBusVariant, time: DBusUInt32) -> None:  # noqa: N802
        self._pressed(number, event)

    @dbus_method()
    def EventGroup(  # noqa: N802
        self, events: Annotated[list[Any], DBusSignature("a(isvu)")]
    ) -> Numbers:
        return [number for number, event, *_ in events if not self._pressed(number, event)]

    @dbus_method()
    def AboutToShow(  # noqa: N802
        self, number: DBusInt32
    ) -> Annotated[bool, DBusSignature("b")]:
        return False  # it is always up to date

    @dbus_method()
    def AboutToShowGroup(  # noqa: N802
        self, ids: Numbers
    ) -> Annotated[tuple[list[int], list[int]], DBusSignature("aiai")]:
        return [], [number for number in ids if number not in self._by_id]

    @dbus_signal()
    def LayoutUpdated(  # noqa: N802
        self, revision: int, parent: int
    ) -> Annotated[tuple[int, int], DBusSignature("ui")]:
        return revision, parent

    @dbus_signal()
    def ItemsPropertiesUpdated(  # noqa: N802 - panels look for it; `show` tells of the whole layout instead
        self, changed: list[Any], removed: list[Any]
    ) -> Annotated[tuple[list[Any], list[Any]], DBusSignature("a(ia{sv})a(ias)")]:
        return changed, removed

    @dbus_property(access=PropertyAccess.READ)
    def Version(self) -> DBusUInt32:  # noqa: N802
        return 3

    @dbus_property(access=PropertyAccess.READ)
    def TextDirection(self) -> DBusStr:  # noqa: N802
        return "ltr"

    @dbus_property(access=PropertyAccess.READ)
    def Status(self) -> DBusStr:  # noqa: N802
        return "normal"

    @dbus_property(access=PropertyAccess.READ)
    def IconThemePath(self) -> Strings:  # noqa: N802
        return []


def _all(lines: tuple[Line, ...]) -> Iterator[Line]:
    for line in lines:
        yield line
        yield from _all(line.children)


def _properties(line: Line, root: bool) -> Properties:
    if line.separator:
        return {"type": Variant("s", "separator"), "visible": Variant("b", True)}
    found: Properties = {"visible": Variant("b", True), "enabled": Variant("b", line.enabled)}
    if not root:
        # An underscore marks the access key; two are one.
        found["label"] = Variant("s", line.label.replace("_", "__"))
    if line.checked is not None:
        found["toggle-type"] = Variant("s", "checkmark")
        found["toggle-state"] = Variant("i", int(line.checked))
    if line.children or root:
        found["children-display"] = Variant("s", "submenu")
    return found
