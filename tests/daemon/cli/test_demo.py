"""The demo tells its whole story by itself, and leaves neither a process nor a file behind, however it ends."""

import io
import json
import os
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from deskbell_daemon.cli.assistant import Assistant
from deskbell_daemon.cli.demo import Demo
from deskbell_daemon.cli.processes import clean_environment
from deskbell_daemon.cli.story import Household

DEMO = [sys.executable, "-m", "deskbell_daemon.cli", "demo"]


def environment(folder: Path) -> dict[str, str]:
    """Temporary files go into `folder`, so that what is left behind can be seen."""
    return clean_environment() | {"TMPDIR": str(folder)}


def left_behind(folder: Path) -> list[str]:
    """Files in `folder`, and processes whose environment or command names it."""
    files = [path.name for path in folder.iterdir()]
    processes = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and str(folder) in str(process.environ()):
                processes.append(" ".join(process.cmdline()))
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue  # it ended while we looked, or is somebody else's
    return files + processes


def test_the_story_holds_and_its_facts_are_json(tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    words = [*DEMO, "--json", "--record", str(tmp_path / "demo.svg")]
    done = subprocess.run(words, env=environment(folder), capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["note"]["text"].endswith("- [ ] measure the boom\n")
    assert list(facts["note"]["hops"]) == ["received", "appended", "sent", "acted", "returned"]
    assert list(facts["note"]["hops"].values()) == sorted(facts["note"]["hops"].values())
    assert (facts["queued"]["first"], facts["queued"]["then"]) == ("queued", "done")
    crash = facts["crash"]
    burst = crash["commands"]
    assert 0 < crash["notes_at_the_kill"] <= burst
    assert crash["ledger"] == {"done": burst + 3}
    assert (facts["local_action"]["asked"], facts["local_action"]["then"]) == ("awaiting_approval", "done")
    assert len(crash["notes"]) == len(set(crash["notes"])) == burst + 2
    draft = facts["draft"]
    assert draft["tokens"] > 5
    assert draft["ttft_ms"] > 0
    assert draft["tokens_per_s"] > 0
    assert draft["text"].startswith("---\ntitle: Before the first sail\n")
    assert "status:" not in draft["text"]
    drawn = " ".join(ET.parse(tmp_path / "demo.svg").getroot().itertext()).replace("\xa0", " ")
    assert "nothing lost, nothing twice" in drawn
    assert left_behind(folder) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_stops_clean_in_the_middle(tmp_path, number, code):
    with subprocess.Popen(DEMO, env=environment(tmp_path), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "ChatGPT asks" not in (line := process.stdout.readline()):
            assert line, "the demo ended before its second chapter"
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == code
    assert left_behind(tmp_path) == []


async def test_a_machine_without_the_model_is_told_so_and_the_story_goes_on(tmp_path):
    console = Console(file=io.StringIO(), width=200)
    household = Household(tmp_path, DESKBELL_AI_LOCAL="false")
    demo = Demo(console, household)
    try:
        await household.start()
        async with Assistant(household.url) as assistant:
            await demo._draft(assistant)
    finally:
        await household.stop()
    assert (
        "no model of its own: its packages, deskbell[local], are not made for this machine" in console.file.getvalue()
    )
    assert demo.facts == {"draft": None}


def test_a_failure_shows_the_ends_of_both_logs_and_leaves_nothing(tmp_path):
    on_a_full_disk = (
        f"mount -t tmpfs -o size=256k none '{tmp_path}' && {' '.join(DEMO)}; code=$?; ls -A '{tmp_path}'; exit $code"
    )
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", on_a_full_disk],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 1
    assert "The end of the relay's log:" in done.stderr
    assert "The end of the daemon's log:" in done.stderr
    assert "deskbell-demo" not in done.stdout.splitlines()[-1]
    assert left_behind(tmp_path) == []
