"""The clipboard: written by the desktop's own program, with the text as its input; and what is said where there is none."""

import pytest

from deskbell_daemon.actions import clipboard_write
from deskbell_daemon.actions.clipboard_write import available, perform
from deskbell_daemon.actions.table import PERFORMERS
from deskbell_daemon.actions.table import available as declared
from deskbell_daemon.notes_desk import NotesDesk
from deskbell_daemon.settings import Settings
from deskbell_wire.desktop import WriteClipboard
from deskbell_wire.errors import Problem

HOSTILE = "$(touch /tmp/x) `id` -n --help\n\u202eé" * 100


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """A PATH of our own, and a screen."""
    monkeypatch.setenv("PATH", f"{tmp_path}")
    monkeypatch.setenv("DISPLAY", ":77")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)

    def tool(name, script):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    return tool


@pytest.mark.parametrize(("name", "words"), [("xclip", "-selection clipboard -in"), ("xsel", "--clipboard --input")])
def test_the_text_is_the_program_s_input_and_never_its_argument(tools, tmp_path, name, words):
    tools(name, f'echo "$@" > {tmp_path}/words; /bin/cat > {tmp_path}/text')
    assert perform(WriteClipboard(text=HOSTILE), None).characters == len(HOSTILE)
    assert (tmp_path / "text").read_text() == HOSTILE
    assert (tmp_path / "words").read_text().strip() == words


def test_wayland_s_own_program_comes_first(tools, tmp_path, monkeypatch):
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    tools("xclip", "exit 1")
    tools("wl-copy", f"/bin/cat > {tmp_path}/text")
    perform(WriteClipboard(text="x"), None)
    assert (tmp_path / "text").read_text() == "x"


def test_a_program_that_stays_to_serve_the_text_does_not_hold_the_answer(tools):
    tools("xclip", "/bin/cat > /dev/null; /bin/sleep 20 &")
    assert perform(WriteClipboard(text="x"), None).characters == 1


@pytest.mark.parametrize("script", ["exit 1", "exec /bin/sleep 20"])
def test_a_program_that_fails_or_hangs_is_a_sentence(tools, monkeypatch, script):
    monkeypatch.setattr(clipboard_write, "_PATIENCE_S", 0.5)
    tools("xclip", script)
    with pytest.raises(Problem) as raised:
        perform(WriteClipboard(text="x" * 40_000), None)
    assert raised.value.code == "no_clipboard"


def test_without_a_screen_or_a_program_it_is_not_declared(tools, monkeypatch):
    assert not available()
    assert "clipboard.write" not in declared()
    with pytest.raises(Problem) as raised:
        perform(WriteClipboard(text="x"), None)
    assert raised.value.code == "no_clipboard"
    tools("xsel", "exit 0")
    assert "clipboard.write" in declared()
    monkeypatch.delenv("DISPLAY")
    assert not available()
    assert set(declared()) <= set(PERFORMERS)


def test_it_works_while_the_disk_with_the_notes_is_away(tools, tmp_path, places):
    tools("xsel", f"exec /bin/cat > {tmp_path}/board")
    desk = NotesDesk(Settings(notes_folder=tmp_path / "unmounted"), places)
    assert perform(WriteClipboard(text="Boat"), desk.context("cmd_1")).characters == 4
    assert (tmp_path / "board").read_text() == "Boat"
    with pytest.raises(Problem):
        desk.context("cmd_1").notes  # noqa: B018 - what opens the folder
