"""`deskbell action`: listed, tried and added, without a daemon."""

import json
import sys

import pytest
from typer.testing import CliRunner

from deskbell_daemon.cli.table import build

COUNT = "import sys\nfor n in range(int(sys.argv[1])): print('step', n)\nprint('warned', file=sys.stderr)"


@pytest.fixture
def deskbell(tmp_path):
    def run(*words):
        return CliRunner().invoke(build(), list(words), env={"DESKBELL_HOME": str(tmp_path / "home")})

    return run


@pytest.fixture
def ask(deskbell):
    def run(*words, code=0):
        done = deskbell(*words, "--json")
        assert done.exit_code == code, (done.stdout, done.stderr)
        return json.loads(done.stdout if code == 0 or done.stdout else done.stderr)

    return run


@pytest.fixture
def count(ask):
    words = [word for slot in (sys.executable, "-c", COUNT, "{n}") for word in ("--argv", slot)]
    return ask("action", "add", "count", *words, "--parameter", "n:number:How many", "--description", "Counts.")


def test_one_of_the_starter_set_is_added_by_its_name_and_the_rest_of_the_file_stays(deskbell, ask, tmp_path):
    file = tmp_path / "home" / "config" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text('# mine\ndevice_name = "desk"  # also mine\n')
    (tmp_path / "code" / "boat").mkdir(parents=True)
    added = ask("action", "add", "git_status", "--root", str(tmp_path / "code"), "--consent", "allow")
    assert (added["file"], added["action"]["consent"], added["hints"]) == (str(file), "allow", [])
    assert file.read_text().startswith('# mine\ndevice_name = "desk"  # also mine\n')
    listed = ask("action", "list")
    assert [(action["name"], action["problem"]) for action in listed["actions"]] == [("git_status", None)]
    assert "git_status" not in {starter["name"] for starter in listed["starters"]}
    assert "git_status" in deskbell("action", "list").stdout


def test_an_own_action_is_added_shown_and_run(deskbell, ask, count):
    dry = ask("action", "test", "count", "n=2", "--dry-run")
    assert (dry["ran"], dry["words"]) == (False, [sys.executable, "-c", COUNT, "2"])
    ran = ask("action", "test", "count", "n=2")
    assert (ran["exit_code"], ran["output"], ran["error_output"]) == (0, "step 0\nstep 1\n", "warned\n")
    shown = deskbell("action", "test", "count", "n=1")
    assert "step 0" in shown.stdout
    assert "✓ count ended with exit code 0" in shown.stdout


def test_what_fails_has_the_exit_code_of_a_failure(deskbell, ask, tmp_path):
    words = [word for slot in (sys.executable, "-c", "raise SystemExit(3)") for word in ("--argv", slot)]
    ask("action", "add", "fails", *words, "--description", "Fails.")
    assert ask("action", "test", "fails", code=1)["exit_code"] == 3


@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        (("add", "nope"), 1, "action_not_found"),
        (("add", "count", "--argv", "true", "--description", "x"), 1, "invalid_settings"),
        (("add", "Bad Name", "--argv", "true", "--description", "x"), 1, "invalid_settings"),
        (("add", "bare", "--argv", "true"), 1, "invalid_settings"),
        (
            ("add", "x", "--argv", "sh", "--argv=-c", "--argv", "{p}", "--parameter", "p:text", "--description", "x"),
            1,
            "invalid_settings",
        ),
        (("test", "count", "n"), 1, "malformed_request"),
        (("test", "count", "n=--help"), 1, "invalid_arguments"),
        (("test", "count", "n=1", "m=2"), 1, "invalid_arguments"),
        (("test", "other"), 1, "action_not_found"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(ask, count, words, code, problem, tmp_path):
    file = tmp_path / "home" / "config" / "config.toml"
    before = file.read_text()
    assert ask("action", *words, code=code)["code"] == problem
    assert file.read_text() == before


def test_an_action_whose_program_is_missing_is_added_with_a_hint(ask):
    added = ask("action", "add", "gone", "--argv", "no-such-program-here", "--description", "x")
    assert "not installed" in added["hints"][0]
    assert ask("action", "list")["actions"][0]["problem"]["code"] == "action_not_started"
