"""The starter set: every one of it is a whole, safe action on its platform."""

from pathlib import Path

import pytest
import tomlkit

from deskbell_daemon.local_actions.arguments import arguments_of
from deskbell_daemon.local_actions.starter import Starter, starters
from deskbell_daemon.settings import parse_settings
from deskbell_wire.local import parameters_schema

ALL = [(platform, starter) for platform in ("linux", "darwin", "win32") for starter in starters(platform).values()]


@pytest.mark.parametrize(("platform", "starter"), ALL, ids=[f"{p} {s.name}" for p, s in ALL])
def test_it_is_a_valid_action_with_its_places_filled_in(platform: str, starter: Starter) -> None:
    table = starter.table(Path("/home/me/Notes"), home=Path("/home/me"))
    text = tomlkit.dumps({"action": {starter.name: table}})
    assert not any(f'"{word}' in text for word in ("NOTES", "HOME", "ROOT"))
    action = parse_settings(text, Path("config.toml"), Path("/home/me/Notes")).action[starter.name]
    assert all(parameter.description for parameter in action.parameters)
    assert parameters_schema(action.declared(starter.name))["type"] == "object"
    assert action.consent is None, "what runs unasked is for the person to say"


def test_the_jobs_that_people_have_are_there() -> None:
    assert set(starters("linux")) == {"open_note", "start_timer", "git_status", "back_up", "music"}
    assert "git_status" in starters("win32")


def test_a_root_that_the_person_names_is_taken() -> None:
    table = starters("linux")["git_status"].table(Path("/n"), root=Path("/code"), home=Path("/home/me"))
    assert table["parameters"][0]["root"] == "/code"
    assert starters("linux")["git_status"].table(Path("/n"), home=Path("/h"))["parameters"][0]["root"] == "/h/Projects"


def test_today_s_note_is_opened_without_saying_which(tmp_path: Path) -> None:
    from datetime import date

    (tmp_path / "2026-11-24.md").touch()
    table = starters("linux")["open_note"].table(tmp_path)
    action = parse_settings(tomlkit.dumps({"action": {"x": table}}), Path("c"), tmp_path).action["x"]
    assert arguments_of(action, {}, today=date(2026, 11, 24)) == [str(tmp_path / "2026-11-24.md")]
