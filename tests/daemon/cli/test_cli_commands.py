"""Every command against a real relay and a real daemon, each a process of its own."""

import asyncio
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deskbell_daemon.cli.exits import ExitCode
from deskbell_daemon.cli.processes import clean_environment
from deskbell_daemon.cli.story import Household
from deskbell_daemon.cli.table import build

EXECUTABLE = [sys.executable, "-m", "deskbell_daemon.cli"]
CONFIG = '[consent.actions]\n"note.trash" = "ask"\n'


@pytest.fixture(scope="module")
def household(tmp_path_factory):
    household = Household(tmp_path_factory.mktemp("household"), DESKBELL_WAIT_S="5")
    household.places.config_file.parent.mkdir(parents=True)
    household.places.config_file.write_text(CONFIG)
    asyncio.run(household.start())
    yield household
    asyncio.run(household.stop())


@pytest.fixture
def deskbell(household):
    """Runs a command line within this process; the outcome has exit_code, stdout, stderr."""

    def run(*words, **environment):
        return CliRunner().invoke(build(), list(words), env={"DESKBELL_HOME": str(household.home), **environment})

    return run


@pytest.fixture
def ask(deskbell):
    """The JSON of a command that must succeed."""

    def run(*words):
        done = deskbell(*words, "--json")
        assert done.exit_code == 0, (done.stdout, done.stderr)
        assert done.stderr == ""
        return json.loads(done.stdout)

    return run


@pytest.fixture
def note(ask, request):
    """A note of this test's own; its path."""
    arguments = {"title": request.node.name[:60], "body": "Text."}
    return ask("call", "createNote", json.dumps(arguments), "--yes")["output"]["path"]


def executable(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = clean_environment() | {"DESKBELL_HOME": str(home)}
    return subprocess.run(
        [*EXECUTABLE, *words], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_status_tells_that_the_line_stands(ask, deskbell, household):
    status = ask("status")
    assert status["connection"]["connected"] is True
    assert status["relay"] == household.url
    shown = deskbell("status").stdout
    assert "connected" in shown
    assert "demo laptop" in shown


def test_call_writes_a_note_through_the_real_flow_and_keeps_its_access_out_of_sight(ask, deskbell, household, note):
    assert (household.notes / note).read_text().endswith("Text.\n")
    again = deskbell("call", "readNote", json.dumps({"path": note}))  # signs in by itself now
    assert again.exit_code == 0
    assert "Text." in again.stdout
    assert "returned" in again.stdout
    token = json.loads(household.places.secrets_file.read_text())["call_refresh_token"]
    assert token not in again.stdout + again.stderr
    assert (
        "Deskbell command line" in str(ask("grants")) or "deskbell-cli" in str(ask("grants")) or ask("grants")["grants"]
    )


def test_call_ends_with_a_code_that_tells_what_became_of_it(deskbell, note):
    assert deskbell("call", "createNote", '{"title": "Half').exit_code == ExitCode.FAILED
    wrong = deskbell("call", "createNote", '{"name": "x"}', "--json")
    assert (wrong.exit_code, json.loads(wrong.stderr)["code"]) == (ExitCode.FAILED, "invalid_arguments")
    missing = deskbell("call", "readNote", '{"path": "Nowhere.md"}', "--json")
    assert (missing.exit_code, json.loads(missing.stdout)["error"]["code"]) == (ExitCode.FAILED, "note_not_found")


def test_what_an_assistant_wrote_cannot_steer_the_terminal(ask, deskbell):
    ask("call", "createNote", json.dumps({"title": "Evil", "body": "\x1b[2J\x1b[31m[bold]\u202eabc"}), "--yes")
    shown = deskbell("call", "readNote", '{"path": "Evil.md"}', FORCE_COLOR="1").stdout
    assert "\x1b[2J" not in shown
    assert "\u202e" not in shown
    assert "[bold]" in shown


def test_a_command_that_asks_waits_for_the_person_and_is_done_once_approved(ask, deskbell, household, note):
    asked = deskbell("call", "trashNote", json.dumps({"path": note}), "--wait", "0.5", "--json")
    assert asked.exit_code == ExitCode.NOT_FINISHED
    command = json.loads(asked.stdout)["id"]
    waiting = ask("requests")["requests"]
    assert [(one["id"], one["arguments"]) for one in waiting] == [(command, {"path": note})]
    assert note in deskbell("requests").stdout
    assert (household.notes / note).exists()
    assert ask("approve", command, "--hour")["for"] == "hour"
    assert ask("call", "getResult", json.dumps({"command_id": command}))["status"] == "done"
    assert not (household.notes / note).exists()
    assert [one["action"] for one in ask("requests")["allowances"]] == ["note.trash"]
    assert deskbell("approve", command).exit_code == ExitCode.FAILED


def test_pause_refuses_everything_until_resume(ask, deskbell, note):
    assert ask("pause") == {"paused": True}
    try:
        refused = deskbell("call", "readNote", json.dumps({"path": note}), "--json")
        assert refused.exit_code == ExitCode.REFUSED
        assert "PAUSED" in deskbell("status").stdout
        assert deskbell("doctor").exit_code == ExitCode.REFUSED
    finally:
        assert ask("resume") == {"paused": False}
    assert deskbell("call", "readNote", json.dumps({"path": note})).exit_code == 0


def test_connect_shows_a_code_and_the_exact_values_for_the_gpt_editor(ask, household):
    shown = ask("connect")
    assert re.fullmatch(r"[A-Z]{4}-[A-Z]{4}", shown["code"])
    assert shown["gpt_editor"]["Import the schema from"] == f"{household.url}/openapi.json"
    assert shown["gpt_editor"]["Authorization URL"] == f"{household.url}/oauth/authorize"
    assert shown["gpt_editor"]["Token URL"] == f"{household.url}/oauth/token"


def test_log_tells_what_was_done_newest_first(ask, deskbell, note):
    commands = ask("log", "-n", "3")["commands"]
    assert (commands[0]["action"], commands[0]["status"]) == ("note.create", "done")
    assert "note.create" in deskbell("log").stdout


def test_log_follows_in_json_lines_what_happens_now(household, ask):
    environment = clean_environment() | {"DESKBELL_HOME": str(household.home)}
    with subprocess.Popen(
        [*EXECUTABLE, "log", "-n", "1", "--follow", "--json"], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            seen = []
            for line in process.stdout:
                seen.append(json.loads(line)["event"])
                if seen[-1] == "status":  # it listens from here on
                    ask("pause")
                    ask("resume")
                if seen[-1] == "paused":
                    break
        finally:
            process.terminate()
    assert seen[-1] == "paused"


def test_a_second_laptop_joins_with_a_code_and_is_cut_off_again(ask, deskbell, household, tmp_path):
    environment = clean_environment() | {"DESKBELL_HOME": str(tmp_path)}
    words = ["pair", household.url, "--code", "--name", "second laptop", "--insecure-storage", "--json"]
    with subprocess.Popen(
        [*EXECUTABLE, *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        code = ""
        while not code:
            found = re.search(r"deskbell approve ([A-Z]{4}-[A-Z]{4})", process.stderr.readline())
            code = found[1] if found else ""
        unasked = deskbell("approve", code)  # nobody can be asked here: nothing is approved
        assert unasked.exit_code == ExitCode.REFUSED
        assert "second laptop" in unasked.stderr
        assert ask("approve", code, "--yes")["name"] == "second laptop"
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    device = json.loads(out)["device_id"]
    assert {one["name"] for one in ask("devices")["devices"]} == {"demo laptop", "second laptop"}
    again = executable(tmp_path, "pair", household.url, "--json")
    assert json.loads(again.stderr)["code"] == "already_paired"
    assert ask("revoke", device) == {"revoked": device}
    assert [one["name"] for one in ask("devices")["devices"]] == ["demo laptop"]
    gone = executable(tmp_path, "unpair", "--yes", "--json")
    assert json.loads(gone.stdout) == {"paired": False, "relay_heard": True}


def test_a_revoked_assistant_must_ask_anew_and_nobody_answers_for_the_person(ask, deskbell, note):
    for grant in ask("grants")["grants"]:
        ask("revoke", grant["id"])
    assert ask("grants")["grants"] == []
    anew = deskbell("call", "listNotes", "--json")
    assert (anew.exit_code, json.loads(anew.stderr.splitlines()[-1])["code"]) == (ExitCode.REFUSED, "refused")
    assert ask("grants")["grants"] == []
    assert ask("requests")["approvals"] == []  # the question was answered with no
    assert deskbell("call", "listNotes", "--yes").exit_code == 0


def test_export_holds_notes_and_log_and_no_key(ask, household, note, tmp_path):
    done = ask("export", str(tmp_path / "all.zip"))
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        names = set(archive.namelist())
        whole = b"".join(archive.read(name) for name in names)
        log = json.loads(archive.read("log.json"))["commands"]
    assert f"notes/{note}" in names
    assert done["commands"] == len(log) > 0
    assert log[0]["arguments"]["body"] == "Text."
    for secret in json.loads(household.places.secrets_file.read_text()).values():
        assert secret.encode() not in whole
    assert ((tmp_path / "all.zip").stat().st_mode & 0o777) == 0o600


def test_an_export_never_overwrites(deskbell, tmp_path):
    (tmp_path / "all.zip").write_text("mine")
    assert deskbell("export", str(tmp_path / "all.zip")).exit_code == ExitCode.FAILED
    assert (tmp_path / "all.zip").read_text() == "mine"


def test_a_second_daemon_of_the_profile_is_refused_in_a_sentence(household):
    done = executable(household.home, "daemon", "--no-tray")
    assert done.returncode == ExitCode.FAILED
    assert "A daemon already runs" in done.stderr


def test_a_relay_that_gives_no_invite_is_told_and_nothing_is_kept(household, tmp_path):
    done = executable(tmp_path, "pair", household.url, "--invite", "wrong", "--insecure-storage", "--json")
    assert done.returncode == ExitCode.FAILED
    assert json.loads(done.stderr)["code"] == "invite_not_valid"
    checked = json.loads(executable(tmp_path, "config", "check", "--json").stdout)
    assert checked["settings"]["secrets"]["backend"] == "keyring"
