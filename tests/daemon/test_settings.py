"""config.toml: whole or not at all, and an error names file, line and key."""

import json
from pathlib import Path

import pytest

from deskbell_daemon.gate.policy import decide
from deskbell_daemon.places import find_places
from deskbell_daemon.settings import Consent, load_settings, write_setting
from deskbell_daemon.state import StateFile
from deskbell_wire.actions import BY_ID
from deskbell_wire.command import Assistant
from deskbell_wire.errors import Problem

GRANT = "gra_01932c07-5a00-7000-8000-000000000001"
GPT = Assistant(grant_id=GRANT, name="GPT", host="chatgpt.com")


@pytest.fixture
def home(tmp_path):
    places = find_places(environment={"DESKBELL_HOME": str(tmp_path)})
    places.config_file.parent.mkdir(parents=True)
    return places


def test_without_a_file_the_defaults_hold(home):
    settings = load_settings(home)
    assert (settings.consent.read, settings.consent.write, settings.consent.act) == ("run", "notify", "ask")
    assert settings.secrets.backend == "keyring"
    assert settings.notes_folder == home.default_notes


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('\nnotes_foldr = "~/N"', 2, "notes_foldr: there is no such key"),
        ("notes_folder = 7", 1, "notes_folder: '7'"),
        ('notes_folder = "relative"', 1, "whole path"),
        ('# c\n[consent]\nread = "perhaps"', 3, "consent.read: 'perhaps' should be 'run'"),
        ('[consent]\n[consent.actions]\n"note.trsh" = "ask"', 3, "'note.trsh' is no action"),
        (f'[consent.assistants."{GRANT}"]\n\n  write = "no"', 3, "write: 'no'"),
        ('[consent.assistants]\n"My GPT" = {act = "ask", oops = 1}', 2, "oops: there is no such key"),
        ("[limits]\nwaiting_commands = 0", 2, "limits.waiting_commands"),
        ('device_name = "a\\nb"', 1, "device_name"),
        ("[secrets]\nbackend = 'paper'", 2, "secrets.backend: 'paper'"),
        ("[limits]\n'perform' = 1\n", 2, "limits.perform: there is no such key"),
    ],
)
def test_a_fault_names_file_line_and_key(home, text, line, says):
    home.config_file.write_text(text)
    with pytest.raises(Problem) as raised:
        load_settings(home)
    assert raised.value.code == "invalid_settings"
    assert str(home.config_file) in raised.value.detail
    assert f"line {line}" in raised.value.detail
    assert says in raised.value.detail


@pytest.mark.parametrize(("text", "line"), [("a = 1\nb = [\n", 2), ("a = 1\nb = =\nc = 2\n", 2), ('a = """', 1)])
def test_what_is_no_toml_names_the_line(home, text, line):
    home.config_file.write_text(text)
    with pytest.raises(Problem, match=rf"config\.toml is not valid TOML: .*line {line}\b"):
        load_settings(home)


def test_writing_a_setting_keeps_the_persons_comments(home):
    home.config_file.write_text('# mine\ndevice_name = "x"  # my laptop\n')
    assert write_setting(home, "secrets.backend", "file").secrets.backend == "file"
    text = home.config_file.read_text()
    assert "# mine" in text
    assert "# my laptop" in text
    assert load_settings(home).secrets.backend == "file"
    with pytest.raises(Problem):
        write_setting(home, "secrets.backend", "paper")
    assert home.config_file.read_text() == text


def test_profiles_share_nothing(tmp_path):
    environment = {"DESKBELL_HOME": str(tmp_path)}
    one, other = find_places("default", environment), find_places("work", environment)
    for name in ("config_file", "state_dir", "default_notes", "lock_file", "local_file"):
        assert getattr(one, name) != getattr(other, name)
    for bad in ("", "..", "a/b", "A", "x" * 40):
        with pytest.raises(Problem):
            find_places(bad, environment)


def test_the_state_is_remembered_whole(home):
    state = StateFile(home)
    assert not state.load().paired
    state.update(relay_url="https://r", device_id="d")
    assert state.update(paused=True).paired
    home.state_file.write_text("{")
    with pytest.raises(Problem, match="pair again"):
        state.load()


RULES = json.loads((Path(__file__).parents[1] / "consent_rules.json").read_text())
"""The extension's tests read them too: the rules are the same in the browser."""


@pytest.mark.parametrize("case", RULES, ids=[case["promise"] for case in RULES])
def test_the_most_specific_rule_wins(case):
    assert decide(Consent.model_validate(case["consent"]), BY_ID[case["action"]], GPT) == case["rule"]


@pytest.mark.parametrize(
    ("consent", "action", "rule"),
    [
        ({"assistants": {"GPT": {"write": "run"}}}, "note.create", "notify"),
        ({"assistants": {"GPT": {"write": "refuse"}}}, "note.create", "refuse"),
        ({"assistants": {GRANT: {"write": "run"}, "GPT": {"actions": {"note.create": "ask"}}}}, "note.create", "ask"),
    ],
)
def test_a_name_only_tightens(consent, action, rule):
    assert decide(Consent.model_validate(consent), BY_ID[action], GPT) == rule
