"""The frame of the command line: it answers at once, says what is wrong, and its table, docs and exit codes agree."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deskbell_daemon.cli import table
from deskbell_daemon.cli.exits import MEANINGS, ExitCode, of_problem, of_status
from deskbell_daemon.cli.neutral import neutral
from deskbell_daemon.cli.table import COMMANDS, KNOWN_PLUGINS, build
from deskbell_wire.command import FINAL_STATUSES, STATUSES
from deskbell_wire.errors import ERRORS

DOCS = (Path(__file__).parents[3] / "docs" / "command-line.md").read_text(encoding="utf-8")
EXECUTABLE = [sys.executable, "-m", "deskbell_daemon.cli"]


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DESKBELL_HOME", str(tmp_path))
    return tmp_path


def invoke(*words):
    return CliRunner().invoke(build(), list(words))


def test_the_version_is_told_without_loading_what_a_daemon_needs():
    script = (
        "import sys; sys.argv = ['deskbell', '--version']\n"
        "from deskbell_daemon.cli.__main__ import main\n"
        "code = main()\n"
        "heavy = {'aiohttp', 'keyring', 'pydantic', 'rich', 'sqlalchemy', 'typer'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else code)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"deskbell \d+\.\d+\.\d+\n", done.stdout)


def test_the_help_is_shown_without_loading_the_network_or_the_keyring():
    script = (
        "import sys; from deskbell_daemon.cli.table import build; build()\n"
        "heavy = {'aiohttp', 'keyring', 'pydantic', 'sqlalchemy', 'deskbell_relay'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False).stderr == ""


def test_every_command_stands_in_the_documentation_and_the_other_way_round():
    documented = set(re.findall(r"`deskbell ([a-z]+)", DOCS.split("## Exit codes")[0].split("## Commands")[1]))
    assert documented == {name for name, _, _ in COMMANDS} | set(KNOWN_PLUGINS) | {"config", "action", "autostart"}


def test_every_exit_code_stands_in_the_documentation_with_the_words_of_the_table():
    rows = dict(re.findall(r"^\| (\d+) \| (.+) \|$", DOCS, re.MULTILINE))
    assert rows == {str(int(code)): words for code, words in MEANINGS.items()} | {"130": "Ctrl-C"}
    assert set(MEANINGS) == set(ExitCode)


def test_every_error_and_every_status_has_an_exit_code():
    assert {of_problem(code) for code in ERRORS} >= {3, 4, 5, 6}
    assert all(of_problem(code) != 0 for code in ERRORS)
    assert {status for status in STATUSES if of_status(status) == ExitCode.NOT_FINISHED} == set(
        STATUSES
    ) - FINAL_STATUSES


@pytest.mark.parametrize("name", [name for name, _, _ in COMMANDS if name not in {"daemon", "tray"}])
def test_every_command_that_prints_can_print_json(name):
    shown = invoke(name, "--help")
    assert shown.exit_code == 0
    assert "--json" in shown.output


def test_an_error_is_a_sentence_and_a_next_step_on_stderr(home):
    done = invoke("status")
    assert done.exit_code == ExitCode.DAEMON_NOT_RUNNING
    assert done.stdout == ""
    assert done.stderr.startswith("deskbell: No daemon runs")
    assert "deskbell daemon" in done.stderr


def test_an_error_is_a_problem_document_with_json(home):
    done = invoke("call", "listNotes", "--json")
    assert done.exit_code == ExitCode.NOT_PAIRED
    assert done.stdout == ""
    assert json.loads(done.stderr)["code"] == "not_paired"


@pytest.mark.parametrize("words", [("status", "--nonsense"), ("nonsense",), ("pair",), ("completion", "tcsh")])
def test_a_wrong_command_ends_with_the_code_for_usage(words, home):
    assert invoke(*words).exit_code == ExitCode.USAGE
    with_json = invoke(*words, "--json")
    assert with_json.exit_code == ExitCode.USAGE
    assert json.loads(with_json.stderr)["code"] == "malformed_request"


def test_an_operation_that_there_is_not_is_a_usage_error_that_names_those_there_are(home):
    done = invoke("call", "eraseDisk", "--json")
    assert (done.exit_code, done.stdout) == (ExitCode.USAGE, "")
    problem = json.loads(done.stderr)
    assert problem["code"] == "unknown_operation"
    assert "createNote" in problem["next_step"]


def test_the_real_executable_ends_with_the_same_codes(home):
    done = subprocess.run([*EXECUTABLE, "devices", "--json"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (4, "")
    assert json.loads(done.stderr)["code"] == "daemon_not_running"


def test_a_setting_that_cannot_be_is_told_with_its_line(home):
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text('device_name = "x"\n\n[consent]\nwrite = "maybe"\n')
    done = invoke("config", "check")
    assert done.exit_code == ExitCode.FAILED
    assert "line 4: consent.write" in done.stderr


def test_the_editor_is_opened_on_a_file_that_is_there_and_the_result_is_checked(home, monkeypatch):
    monkeypatch.setenv("VISUAL", f'{sys.executable} -c \'import sys; open(sys.argv[1], "a").write("colour = 1\\n")\'')
    done = invoke("config", "edit")
    assert done.exit_code == ExitCode.FAILED
    assert "line 3: colour: there is no such key" in done.stderr
    assert invoke("config", "path").stdout.strip() == str(home / "config" / "config.toml")


def test_a_plugin_that_is_not_installed_says_how_to_install_it(monkeypatch):
    point = table.EntryPoint("relay", "deskbell_no_relay.cli:app", table.PLUGINS)
    monkeypatch.setattr(table, "plugins", lambda: {"relay": point})
    done = invoke("relay", "invite")
    assert done.exit_code == ExitCode.FAILED
    assert 'pip install ".[relay]"' in done.stderr
    monkeypatch.setattr(table, "plugins", dict)
    assert 'pip install ".[relay]"' in invoke("relay").stderr


def test_the_completion_script_is_answered(home):
    assert "_DESKBELL_COMPLETE" in invoke("completion", "zsh").stdout
    script = json.loads(invoke("completion", "zsh", "--json").stdout)
    assert script == {"shell": "zsh", "script": invoke("completion", "zsh").stdout.removesuffix("\n")}
    environment = {"_DESKBELL_COMPLETE": "complete_bash", "COMP_WORDS": "deskbell do", "COMP_CWORD": "1"}
    done = CliRunner().invoke(build(), [], env=environment, prog_name="deskbell")
    assert done.stdout.split() == ["doctor"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;title\x07", "␛[2J␛]0;title␇"),
        ("a\u202eb\u2066c\u200f", "a⟦U+202E⟧b⟦U+2066⟧c⟦U+200F⟧"),
        ("\x9b31m\x7f", "⟦U+009B⟧31m␡"),
        ("two\nlines\r", "two␊lines␍"),
        ("tag\U000e0041 bom\ufeff half\ud800", "tag⟦U+E0041⟧ bom⟦U+FEFF⟧ half⟦U+D800⟧"),
        ("Grüße, 猫, 👩\u200d🚀 [bold]", "Grüße, 猫, 👩\u200d🚀 [bold]"),
    ],
)
def test_text_of_others_cannot_steer_the_terminal(text, shown):
    assert neutral(text) == shown


def test_line_ends_stay_where_they_are_wanted():
    assert neutral("a\n\tb\x1b", lines=True) == "a\n\tb␛"
