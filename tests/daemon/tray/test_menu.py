"""The menu and the icons as functions of the State, without any display."""

import itertools

import pytest

from deskbell_daemon.tray.icons import SIZES, argb, icon
from deskbell_daemon.tray.menu import MOST_GROUPS, MOST_LAST, MOST_SINGLE, Choice, Item, menu
from deskbell_daemon.tray.model import MOST_LETTERS, SENTENCES, State, read_state, short

UP = {"connection": {"state": "open", "connected": True}, "relay": "https://bell.example"}


def request(number=0, name="ChatGPT", title="Run backup", grant="gra_1", **more):
    assistant = {"name": name, "host": "chatgpt.com", "grant_id": grant}
    return {
        "id": f"cmd_{number}", "action": "local.run", "title": title, "assistant": assistant,
        "arguments": {"name": "backup"}, **more,
    }  # fmt: skip


def approval(number=0, **more):
    return {"id": f"req_{number}", "kind": "assistant", "name": "Claude", "host": "claude.ai", "scopes": [], **more}


def done(number=0, **more):
    return {
        "id": f"cmd_{number}", "action": "note.create", "assistant": "ChatGPT", "status": "done",
        "received_at": "2026-11-24T20:15:00.000000Z", **more,
    }  # fmt: skip


def everything(items):
    for item in items:
        yield item
        yield from everything(item.children)


def labelled(items, start):
    return next(item for item in everything(items) if item.label.startswith(start))


@pytest.mark.parametrize(
    ("status", "waiting", "phase"),
    [
        (UP, 0, "connected"),
        ({**UP, "busy": 1}, 0, "working"),
        (UP, 1, "waiting"),
        ({**UP, "busy": 3}, 2, "waiting"),
        ({**UP, "paused": True}, 1, "paused"),
        ({"connection": {"state": "waiting", "connected": False}}, 0, "offline"),
        ({"connection": {"state": "open", "connected": False}}, 0, "offline"),
        ({"connection": {"state": "waiting", "connected": False}}, 1, "waiting"),
        ({"connection": {"state": "unpaired"}}, 0, "needs_pairing"),
        ({"connection": {"state": "needs_pairing"}, "paused": True}, 0, "needs_pairing"),
        ({}, 0, "offline"),
    ],
)
def test_the_phase_is_what_matters_most_to_the_person(status, waiting, phase):
    state = read_state(status, [request(number) for number in range(waiting)])
    assert state.phase == phase
    assert state.sentence in state.tooltip
    assert menu(state)[0].label == state.sentence


def test_without_a_daemon_the_menu_says_how_to_start_one():
    items = menu(State())
    assert State().phase == "not_running"
    assert "deskbell daemon" in items[0].label
    assert [item.action.verb for item in items if item.action] == ["settings", "hide"]


def test_the_menu_has_a_way_to_everything():
    items = menu(read_state(UP, [request()], [approval()], [done()]))
    verbs = {item.action.verb for item in everything(items) if item.action}
    assert verbs == {
        "allow", "refuse", "deny", "show", "connect", "access", "undo", "notes", "settings", "pause", "panic", "hide",
        "quit",
    }  # fmt: skip
    assert labelled(items, "Allow once").action == Choice("allow", ("cmd_0",))
    assert labelled(items, "Undo").action == Choice("undo", ("cmd_0",))
    assert labelled(menu(read_state({**UP, "paused": True})), "Pause:").action == Choice("resume")
    assert [item.label for item in items if item.default] == ["2 questions wait for you"]


def test_nobody_is_let_in_by_a_menu():
    items = menu(read_state(UP, [], [approval()]))
    assert {item.action.verb for item in labelled(items, "Claude").children if item.action} == {"access", "deny"}


def test_a_flood_is_grouped_and_can_be_refused_but_not_allowed_at_once():
    flood = [request(number) for number in range(97)]
    others = [request(200 + number, name="Claude", grant="gra_2", title=f"Thing {number}") for number in range(3)]
    items = menu(read_state(UP, [*flood, *others]))
    group = labelled(items, "97 × ChatGPT: Run backup")
    assert [child.action.verb for child in group.children] == ["show", "refuse"]
    assert len(group.children[1].action.targets) == 97
    assert len(items) < 25
    many = menu(read_state(UP, [request(number, grant=f"gra_{number}") for number in range(100)]))
    assert len(many) < 25
    assert labelled(many, f"… and {100 - MOST_GROUPS + 1} more").action == Choice("show")
    for allow in [item for item in everything(menu(read_state(UP, flood))) if item.label.startswith("Allow")]:
        assert len(allow.action.targets) == 1


def test_few_requests_stand_one_by_one():
    items = menu(read_state(UP, [request(number) for number in range(MOST_SINGLE)]))
    allowed = [item.action.targets for item in everything(items) if item.label == "Allow once"]
    assert allowed == [(f"cmd_{number}",) for number in range(MOST_SINGLE)]


def test_a_flood_of_those_who_want_in_is_short():
    assert len(menu(read_state(UP, [], [approval(number) for number in range(50)]))) < 25


HOSTILE = [
    "\u202eevil",
    "a\nb\tc",
    "\x1b[31mred",
    "\u2066x\u2069",
    "\x00",
    "x" * 5_000,
    "<b>&",
    "__&_",
    "\ud800",
    "\u200b",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_others_wrote_is_one_short_harmless_line(text):
    asked = request(name=text, title=text, arguments={text: text})
    items = menu(read_state(UP, [asked], [approval(name=text, host=text)], [done(assistant=text)]))
    for label in [item.label for item in everything(items)]:
        assert len(label) <= 2 * MOST_LETTERS
        assert not set(label) & set("\u202e\u2066\u2069\x1b\n\t\x00\ud800\u200b")
        label.encode()


def test_a_bidirectional_character_is_visible():
    assert "U+202E" in short("pay\u202egnp.exe")
    assert short("x" * 100, 10) == "x" * 9 + "…"


def test_only_a_change_of_a_note_can_be_undone():
    commands = [
        done(1), done(2, action="note.read"), done(3, status="refused"), done(4, action="local.run"),
        done(5, action="no.such"), done(6, action="clipboard.write"), done(7, received_at="nonsense"),
    ]  # fmt: skip
    last = labelled(menu(read_state(UP, commands=commands)), "Last commands").children
    assert [len(item.children) for item in last] == [1, 0, 0, 0, 0, 0, 1]
    assert last[2].label.endswith("(refused)")
    assert last[6].label.startswith("--:--")
    many = labelled(menu(read_state(UP, commands=[done(number) for number in range(40)])), "Last commands")
    assert len(many.children) == MOST_LAST


def test_a_problem_and_the_answer_to_a_click_stand_on_top():
    status = {**UP, "notes_problem": {"code": "folder_not_writable", "detail": "The disk is gone."}}
    assert menu(read_state(status))[1] == Item("⚠ The disk is gone.", enabled=False)


def test_every_phase_has_an_icon_of_its_own_shape_in_every_size():
    for size in SIZES:
        pictures = {phase: icon(phase, size) for phase in SENTENCES}
        # Shape alone: without colour they still differ.
        grey = {phase: picture.convert("LA").tobytes() for phase, picture in pictures.items()}
        outline = {phase: picture.getchannel("A").tobytes() for phase, picture in pictures.items()}
        for one, other in itertools.combinations(SENTENCES, 2):
            differing = sum(abs(a - b) > 60 for a, b in zip(grey[one], grey[other], strict=True))
            assert differing > size * size * 0.02 or outline[one] != outline[other], (one, other, size)


@pytest.mark.parametrize("phase", SENTENCES)
@pytest.mark.parametrize("panel", [20, 245])
def test_the_icon_stands_out_from_a_dark_and_from_a_light_panel(phase, panel):
    pixels = icon(phase, 22).convert("RGBA").get_flattened_data()
    seen = [p for p in pixels if p[3] > 200 and abs(sum(p[:3]) / 3 - panel) > 60]
    assert len(seen) > 22 * 22 * 0.15


def test_pixels_go_to_the_panel_as_argb():
    picture = icon("waiting", 22)
    red, green, blue, alpha = picture.getpixel((11, 11))
    start = (11 * 22 + 11) * 4
    assert argb(picture)[start : start + 4] == bytes([alpha, red, green, blue])
