"""The menu on D-Bus: ids that never change their meaning, and a panel that is told only of what changed."""

from deskbell_daemon.tray.dbusmenu import DBusMenu, Line


def layout(menu):
    return menu._node(0, -1, [])


def ids(menu):
    return [child.value[0] for child in layout(menu)[2]]


def test_an_id_is_never_given_to_another_line():
    menu = DBusMenu()
    hits = []
    menu.show((Line("a", "A", press=lambda: hits.append("a")), Line("b", "B", press=lambda: hits.append("b"))))
    one, two = ids(menu)
    menu.show((Line("b", "B", press=lambda: hits.append("b2")),))
    assert ids(menu) == [two]
    menu.show((Line("a", "A", press=lambda: hits.append("a2")), Line("b", "B")))
    assert two in ids(menu)
    assert one not in ids(menu)
    assert not menu._pressed(one, "clicked")
    assert menu._pressed(two, "hovered")
    assert hits == []


def test_what_is_disabled_cannot_be_pressed():
    menu = DBusMenu()
    hits = []
    menu.show((Line("a", "A", enabled=False, press=lambda: hits.append("a")),))
    assert menu._pressed(ids(menu)[0], "clicked")
    assert hits == []


def test_the_panel_is_told_only_when_something_changed():
    menu = DBusMenu()
    menu.show((Line("a", "A", press=lambda: None),))
    revision = menu._revision
    menu.show((Line("a", "A", press=lambda: None),))
    assert menu._revision == revision
    menu.show((Line("a", "A", enabled=False),))
    assert menu._revision == revision + 1


def test_an_underscore_is_no_access_key_and_a_tick_is_one():
    menu = DBusMenu()
    menu.show((Line("a", "a_b", checked=True), Line("s", separator=True), Line("c", "c", children=(Line("d", "d"),))))
    first, second, third = [child.value[1] for child in layout(menu)[2]]
    assert first["label"].value == "a__b"
    assert (first["toggle-type"].value, first["toggle-state"].value) == ("checkmark", 1)
    assert second["type"].value == "separator"
    assert third["children-display"].value == "submenu"
