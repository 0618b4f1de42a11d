"""`deskbell connect` against a real relay and daemon: a fresh code, the values of this relay, and what cannot work."""

import asyncio
import contextlib
import io
import json
import os
import re
import subprocess
import sys

import pytest
import segno
from typer.testing import CliRunner

from deskbell_daemon.cli.clients import BY_NAME
from deskbell_daemon.cli.exits import ExitCode
from deskbell_daemon.cli.story import Household
from deskbell_daemon.cli.table import build

CODE = r"[A-Z]{4}-[A-Z]{4}"


@pytest.fixture(scope="module")
def household(tmp_path_factory):
    household = Household(tmp_path_factory.mktemp("household"))
    asyncio.run(household.start())
    yield household
    asyncio.run(household.stop())


@pytest.fixture
def connect(household):
    """Runs `deskbell connect …`; the outcome has exit_code, stdout, stderr."""

    def run(*words):
        return CliRunner().invoke(build(), ["connect", *words], env={"DESKBELL_HOME": str(household.home)})

    return run


def test_a_client_gets_its_values_for_this_relay_and_a_fresh_code_each_time(connect, household):
    codes = set()
    for name, client in BY_NAME.items():
        done = connect(name, "--json")
        assert done.exit_code == 0, done.stderr
        told = json.loads(done.stdout)
        assert re.fullmatch(CODE, told["code"])
        codes.add(told.pop("code"))
        assert told.pop("expires_at") > "2026"
        assert told == client.document(household.url)
    assert len(codes) == len(BY_NAME)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_person_is_shown_steps_values_and_last_the_code(connect, household, name):
    shown = connect(name).stdout
    document = BY_NAME[name].document(household.url)
    for number, step in enumerate(document["steps"], 1):
        assert f"{number}. {step}" in shown
    for part in ("command", "link", "notice"):
        assert document.get(part, "") in shown
    for field, value in document.get("values", {}).items():
        assert f"{field} {value}" in " ".join(shown.split())  # a long value is folded
    if "config" in document:
        pasted = shown.split(f"{document['config_file']}:\n")[1].split("\n\n")[0]
        assert json.loads(pasted) == document["config"]
    assert re.match(f"Connect code:  {CODE} ", shown.rstrip().splitlines()[-1])


def test_a_relay_on_this_machine_is_no_use_to_a_client_in_the_cloud_and_that_is_said(connect, household):
    assert household.url.startswith("http://127.0.0.1:")
    assert f"cannot reach {household.url}" in connect("chatgpt").stdout
    assert "cannot reach" not in connect("claude-code").stdout


def test_without_a_client_the_code_the_address_and_the_names_of_the_clients_are_shown(connect, household):
    shown = connect().stdout
    assert re.search(f"Connect code:  {CODE} ", shown)
    assert f"{household.url}/mcp" in shown
    assert "deskbell connect gpt|chatgpt|claude|" in shown
    told = json.loads(connect("--json").stdout)
    assert (told["clients"], told["mcp_url"]) == (list(BY_NAME), f"{household.url}/mcp")


def test_an_unknown_client_is_a_usage_error_that_names_the_choices(connect):
    done = connect("siri")
    assert (done.exit_code, done.stdout) == (ExitCode.USAGE, "")
    told = connect("siri", "--json")
    assert told.exit_code == ExitCode.USAGE
    problem = json.loads(told.stderr)
    assert problem["code"] == "malformed_request"
    assert all(name in problem["detail"] for name in BY_NAME)


def test_a_laptop_that_is_not_paired_has_nothing_to_connect(tmp_path):
    done = CliRunner().invoke(build(), ["connect", "cursor", "--json"], env={"DESKBELL_HOME": str(tmp_path)})
    assert done.exit_code == ExitCode.DAEMON_NOT_RUNNING
    assert done.stdout == ""


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal of its own (POSIX)")
def test_in_a_window_the_code_is_drawn_too_where_it_fits(household):
    def seen(columns):
        ours, theirs = os.openpty()
        size = {"TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": "50"}
        environment = {**os.environ, "DESKBELL_HOME": str(household.home), **size}
        words = [sys.executable, "-m", "deskbell_daemon.cli", "connect", "--no-wait"]
        child = subprocess.Popen(words, env=environment, stdout=theirs, stderr=theirs)
        os.close(theirs)
        text = b""
        with contextlib.suppress(OSError):  # Linux's way to say that the other end is closed
            while chunk := os.read(ours, 65_536):
                text += chunk
        os.close(ours)
        assert child.wait(20) == 0
        return text.decode()

    def rows(text):
        plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
        return [line.rstrip() for line in plain.splitlines() if set(line.strip()) & set("█▀▄")]

    wide = seen(100)
    drawing = io.StringIO()
    segno.make(re.search(CODE, wide)[0], micro=False).terminal(drawing, compact=True)
    assert rows(wide) == drawing.getvalue().splitlines()
    assert rows(seen(20)) == []
