"""Rules, panic, the page and the audit log from the command line, against a real relay and a real daemon."""

import asyncio
import json
import re
import urllib.error
import urllib.request

import pytest
from typer.testing import CliRunner

from deskbell_daemon.cli.exits import ExitCode
from deskbell_daemon.cli.story import Household
from deskbell_daemon.cli.table import build


@pytest.fixture(scope="module")
def household(tmp_path_factory):
    household = Household(tmp_path_factory.mktemp("household"), DESKBELL_WAIT_S="5")
    household.places.config_file.parent.mkdir(parents=True)
    household.places.config_file.write_text('[consent.actions]\n"note.trash" = "ask"\n"note.edit" = "ask"\n')
    asyncio.run(household.start())
    yield household
    asyncio.run(household.stop())


@pytest.fixture
def deskbell(household):
    def run(*words):
        return CliRunner().invoke(build(), list(words), env={"DESKBELL_HOME": str(household.home)})

    return run


@pytest.fixture
def ask(deskbell):
    def run(*words):
        done = deskbell(*words, "--json")
        assert done.exit_code == 0, (done.stdout, done.stderr)
        return json.loads(done.stdout)

    return run


def asked(deskbell, operation, arguments):
    return json.loads(deskbell("call", operation, json.dumps(arguments), "--wait", "0.5", "--yes", "--json").stdout)[
        "id"
    ]


def test_a_request_is_shown_with_its_exact_arguments_and_the_difference(ask, deskbell):
    note = ask("call", "createNote", json.dumps({"title": "Plan", "body": "one\ntwo\nthree"}), "--yes")["output"]
    edit = {"path": note["path"], "version": note["version"], "find": "two", "replacement": "2\u202e \x1b[2J"}
    command = asked(deskbell, "editNote", edit)
    for words in (("requests",), ("requests", command)):
        shown = deskbell(*words).stdout
        assert "-two" in shown and "+2⟦U+202E⟧ ␛[2J" in shown
        assert "\u202e" not in shown and "\x1b[2J" not in shown
        assert command in shown
    [request] = ask("requests")["requests"]
    assert request["arguments"] == edit
    assert request["diff"].startswith("--- Plan.md\n+++ Plan.md\n@@ ")
    assert ask("approve", command)["answer"] == "approved"
    assert deskbell("requests", command).exit_code == ExitCode.FAILED


def test_an_edit_that_no_longer_fits_says_so(ask, deskbell):
    note = ask("call", "createNote", json.dumps({"title": "Moved on", "body": "one"}), "--yes")["output"]
    edit = {"path": note["path"], "version": note["version"], "find": "one", "replacement": "2"}
    command = asked(deskbell, "editNote", edit)
    ask("call", "appendNote", json.dumps({"path": note["path"], "text": "more"}), "--yes")
    assert "cannot be done as the note is now" in deskbell("requests", command).stdout
    ask("refuse", command)


def test_open_gives_a_link_that_is_good_once(ask, deskbell):
    url = ask("open", "rules")["url"]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/page\?ticket=[A-Za-z0-9_-]+", url)
    assert deskbell("open", "--print").stdout.startswith("http://127.0.0.1:")
    assert deskbell("open", "nowhere").exit_code == ExitCode.USAGE
    with pytest.raises(urllib.error.HTTPError):  # no cookie jar: the page itself stays shut
        urllib.request.urlopen(url)


def test_rules_are_listed_and_what_is_none_is_said(ask, deskbell):
    assert ask("rules") == {"rules": []}
    assert "asked each time" in deskbell("rules").stdout
    assert deskbell("rules", "revoke").exit_code == ExitCode.FAILED
    for wrong in ("rul_nothing", "../pause", "rul_/x"):
        assert json.loads(deskbell("rules", "revoke", wrong, "--json").stderr)["code"] == "rule_not_found"


def test_panic_pauses_until_resume(ask, deskbell):
    assert ask("panic") == {"paused": True}
    assert ask("status")["paused"] is True
    assert ask("resume") == {"paused": False}


def test_the_audit_log_is_shown_and_checked_and_holds_no_text(ask, deskbell, household):
    ask("call", "createNote", json.dumps({"title": "Canary", "body": "canary-text"}), "--yes")
    command = asked(deskbell, "trashNote", {"path": "Canary.md"})
    ask("refuse", command)
    ask("pause")
    ask("resume")
    records = ask("log", "--audit", "-n", "500")["records"]
    mine = [record["event"] for record in reversed(records) if record.get("id") == command]
    assert mine == ["received", "asked", "answered", "finished"]
    [answered] = [record for record in records if record["event"] == "answered" and record["id"] == command]
    assert (answered["answer"], answered["by"]) == ("refused", "cli")
    events = {record["event"] for record in records}
    assert {"daemon_started", "access_answered", "paused", "resumed", "panic", "started"} <= events
    assert "answered" in deskbell("log", "--audit").stdout
    text = (household.places.audit_dir / "audit.jsonl").read_text()
    assert "canary-text" not in text and "Canary.md" not in text
    assert ask("log", "verify")["whole"] is True
    assert "is whole" in deskbell("log", "verify").stdout
    assert ask("log")["commands"]


def test_a_changed_record_ends_the_check_with_an_error_that_names_it(deskbell, household):
    path = household.places.audit_dir / "audit.jsonl"
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], lines[3].replace(b'"event":"', b'"event":"x'), *lines[4:]]))
    try:
        done = deskbell("log", "verify", "--json")
        assert done.exit_code == ExitCode.FAILED
        assert json.loads(done.stdout)["findings"][0].startswith("Record 4 ")
        assert "Record 4 " in deskbell("log", "verify").stdout
    finally:
        path.write_bytes(whole)
