"""`deskbell pair --notes-folder`: the notes are where the person said, or nothing is paired."""

import asyncio
import json
import shlex
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from deskbell_daemon.cli.exits import ExitCode
from deskbell_daemon.cli.processes import clean_environment, daemon_child, relay_child
from deskbell_daemon.cli.table import build


@pytest.fixture
def pair(tmp_path):
    """Runs `deskbell pair` with a relay that takes anybody; the outcome has exit_code, stdout, stderr."""
    relay = relay_child(tmp_path, DESKBELL_REGISTRATION="open")
    facts = asyncio.run(relay.start())

    def run(*words):
        words = ("pair", facts["url"], "--insecure-storage", "--json", *words)
        return CliRunner().invoke(build(), words, env={"DESKBELL_HOME": str(tmp_path / "laptop")})

    yield run
    asyncio.run(relay.stop())


def settings(tmp_path):
    done = CliRunner().invoke(build(), ["config", "check", "--json"], env={"DESKBELL_HOME": str(tmp_path / "laptop")})
    return json.loads(done.stdout)["settings"]


def test_the_notes_go_into_the_folder_that_was_named_and_a_folder_that_is_not_there_pairs_nothing(
    pair, tmp_path, monkeypatch
):
    refused = pair("--notes-folder", str(tmp_path / "Vualt"))
    assert refused.exit_code == ExitCode.FAILED
    problem = json.loads(refused.stderr)
    assert problem["code"] == "folder_not_writable"
    assert str(tmp_path / "Vualt") in problem["detail"]
    assert not (tmp_path / "Vualt").exists()
    assert not (tmp_path / "laptop" / "config").exists()

    (tmp_path / "Vault").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    done = pair("--notes-folder=~/Vault")  # a shell leaves the ~ after = as it is
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["notes_folder"] == str(tmp_path / "Vault")
    assert settings(tmp_path)["notes_folder"] == str(tmp_path / "Vault")


def test_a_daemon_that_runs_with_another_notes_folder_is_to_be_restarted(pair, tmp_path):
    (tmp_path / "laptop" / "config").mkdir(parents=True)
    (tmp_path / "laptop" / "config" / "config.toml").write_text('[secrets]\nbackend = "file"\n')  # the same for both
    daemon = daemon_child(tmp_path / "laptop")
    asyncio.run(daemon.start())
    try:
        (tmp_path / "Vault").mkdir()
        assert json.loads(pair("--notes-folder", str(tmp_path / "Vault")).stdout)["daemon"] == "needs_restart"
    finally:
        asyncio.run(daemon.stop())


def test_a_folder_that_cannot_be_written_pairs_nothing(tmp_path):
    (tmp_path / "Vault").mkdir()
    words = [sys.executable, "-m", "deskbell_daemon.cli", "pair", "https://bell.example", "--json"]
    command = shlex.join([*words, "--notes-folder", str(tmp_path / "Vault")])
    within = f"mount -t tmpfs -o ro none '{tmp_path}/Vault' && {command}"
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", within],  # root, too, may not write there
        env=clean_environment() | {"DESKBELL_HOME": str(tmp_path / "laptop")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == ExitCode.FAILED
    problem = json.loads(done.stderr)
    assert (problem["code"], problem["detail"]) == (
        "folder_not_writable",
        f"You may not write into {tmp_path / 'Vault'}.",
    )
