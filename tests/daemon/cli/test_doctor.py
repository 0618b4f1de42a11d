"""The doctor names the broken hop: each is broken for real, in a household of a real relay and a real daemon."""

import asyncio
import json
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from deskbell_daemon.cli.exits import ExitCode
from deskbell_daemon.cli.processes import clean_environment
from deskbell_daemon.cli.story import Household
from deskbell_daemon.places import find_places
from deskbell_daemon.private_file import write_private
from deskbell_daemon.state import StateFile

DOCTOR = [sys.executable, "-m", "deskbell_daemon.cli", "doctor"]
IN_MOUNTS_OF_ITS_OWN = ["unshare", "--mount", "--map-root-user", "sh", "-c"]


@pytest.fixture(scope="module")
def household(tmp_path_factory):
    household = Household(tmp_path_factory.mktemp("household"))
    asyncio.run(household.start())
    yield household
    asyncio.run(household.stop())


class Report:
    """What the doctor said, for a program and with which exit code."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        assert done.stdout, done.stderr
        document = json.loads(done.stdout)
        self.code = done.returncode
        self.well = document["well"]
        self.broken = document["broken"]
        self.findings = {one["hop"]: one for one in document["findings"]}

    def is_broken(self, hop: str, problem: str, words: str) -> None:
        """The first broken hop is `hop`, with this code, words in its sentence, and a next step."""
        assert not self.well
        assert self.broken == hop, self.findings
        finding = self.findings[hop]
        assert (finding["outcome"], finding["code"]) == ("broken", problem)
        assert words in finding["detail"]
        assert finding["next_step"]
        assert self.code != 0


def examine(home: Path, *before: str, within: str | None = None) -> Report:
    """Run the doctor, after the words `before`, or `within` a shell line that ends with it."""
    words = [*before, *DOCTOR, "--json"]
    if within is not None:
        words = [*IN_MOUNTS_OF_ITS_OWN, f"{within} && exec {' '.join(DOCTOR)} --json"]
    environment = clean_environment() | {"DESKBELL_HOME": str(home)}
    return Report(subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=60))


def needs(*programs: str) -> None:
    missing = [program for program in programs if shutil.which(program) is None]
    assert not missing, f"This test needs {', '.join(missing)} (Debian: faketime, dbus, gnome-keyring, util-linux)."


def test_every_hop_is_well(household):
    report = examine(household.home)
    assert (report.well, report.broken, report.code) == (True, None, 0)
    assert {one["outcome"] for one in report.findings.values()} == {"ok"}


def test_a_person_reads_the_broken_hop_in_one_line(tmp_path):
    environment = clean_environment() | {"DESKBELL_HOME": str(tmp_path)}
    done = subprocess.run(DOCTOR, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.NOT_PAIRED
    assert done.stdout.splitlines()[-1] == "Broken: pairing. Next: Pair it with `deskbell pair RELAY_URL`."


@pytest.mark.parametrize(("offset", "words"), [("+1h", "60 minutes ahead of"), ("-1h", "60 minutes behind")])
def test_a_clock_that_is_off_by_an_hour(household, offset, words):
    needs("faketime")
    examine(household.home, "faketime", "-f", offset).is_broken("clock", "clock_skew", words)


def test_a_notes_folder_that_can_only_be_read(household):
    report = examine(household.home, within=f"mount -t tmpfs -o ro none '{household.notes}'")
    report.is_broken("notes folder", "folder_not_writable", str(household.notes))


def test_a_disk_that_is_full(household):
    full = (
        f"mount -t tmpfs -o size=2m none '{household.notes}' && {{ cat /dev/zero > '{household.notes}/full' || true; }}"
    )
    examine(household.home, within=full).is_broken("notes folder", "disk_full", "The disk is full")


def test_a_disk_that_is_nearly_full(household):
    nearly = f"mount -t tmpfs -o size=2m none '{household.notes}'"
    examine(household.home, within=nearly).is_broken("notes folder", "disk_full", "MB are free")


def test_a_memory_that_can_only_be_read(household):
    state = household.places.state_dir
    report = examine(household.home, within=f"mount --bind '{state}' '{state}' && mount -o remount,bind,ro '{state}'")
    report.is_broken("memory", "folder_not_writable", str(state))


def test_a_setting_that_cannot_be(household, tmp_path):
    shutil.copytree(household.home / "config", tmp_path / "config")
    with (tmp_path / "config" / "config.toml").open("a") as file:
        file.write("\ncolour = 1\n")
    examine(tmp_path).is_broken("settings", "invalid_settings", "colour: there is no such key")


def test_a_daemon_that_is_not_running_while_all_else_is_well(household):
    asyncio.run(household.daemon.stop())
    try:
        report = examine(household.home)
        report.is_broken("daemon", "daemon_not_running", "No daemon runs")
        assert report.code == ExitCode.DAEMON_NOT_RUNNING
        assert {hop for hop, one in report.findings.items() if one["outcome"] == "ok"} >= {
            "relay",
            "clock",
            "secret store",
        }
    finally:
        asyncio.run(household.start_daemon())


def test_a_relay_that_is_down(household):
    asyncio.run(household.relay.stop())
    port = household.url.rpartition(":")[2]
    try:
        report = examine(household.home)
        report.is_broken("relay address", "relay_unreachable", f"port {port}")
        assert report.code == ExitCode.RELAY_UNREACHABLE
        assert report.findings["daemon"]["outcome"] == "ok"
    finally:
        household.relay.environment["DESKBELL_PORT"] = port  # the laptop knows it by its address
        asyncio.run(household.relay.start())


def test_a_relay_whose_name_cannot_be_found(household, tmp_path):
    shutil.copytree(household.home, tmp_path / "home")
    (tmp_path / "home" / "state" / "local.json").unlink(missing_ok=True)
    places = find_places(environment={"DESKBELL_HOME": str(tmp_path / "home")})
    StateFile(places).update(relay_url="https://no-such-relay.invalid")
    report = examine(tmp_path / "home")
    report.is_broken("relay address", "relay_unreachable", "The name no-such-relay.invalid cannot be found")


def test_a_token_that_was_revoked(tmp_path):
    household = Household(tmp_path / "household")
    asyncio.run(household.start())
    try:
        asyncio.run(revoke_own_device(household))
        report = examine(household.home)
        report.is_broken("access", "revoked_token", "no longer accepts this laptop")
        assert report.code == ExitCode.NOT_PAIRED
    finally:
        asyncio.run(household.stop())


async def revoke_own_device(household: Household) -> None:
    async with household.local() as daemon:
        own = (await daemon.get("/v1/status"))["device_id"]
        await daemon.delete(f"/v1/relay/devices/{own}")


def test_a_keyring_that_is_locked(household, tmp_path):
    needs("dbus-run-session", "gnome-keyring-daemon")
    home = in_keyring(household, tmp_path)
    session = textwrap.dedent(f"""
        printf pw | gnome-keyring-daemon --unlock --components=secrets --foreground >/dev/null 2>&1 &
        {sys.executable} - <<'END'
        import time
        import keyring, secretstorage
        bus = secretstorage.dbus_init()
        end = time.monotonic() + 20
        while True:
            try:
                keyring.set_password("deskbell", "default/refresh_token", "kept")
                break
            except Exception:  # whatever the service says while it starts
                if time.monotonic() > end: raise
                keyring.core.init_backend()
                time.sleep(0.1)
        for collection in secretstorage.get_all_collections(bus):
            collection.lock()
        END
        {" ".join(DOCTOR)} --json
        code=$?
        kill $!
        exit $code
    """)
    words = ["dbus-run-session", "--", "sh", "-c", session]
    examined = subprocess.run(
        words, env=session_of(home, tmp_path), capture_output=True, text=True, check=False, timeout=90
    )
    Report(examined).is_broken("secret store", "keyring_locked", "keyring")


def test_a_machine_without_a_keyring(household, tmp_path):
    needs("dbus-run-session")
    home = in_keyring(household, tmp_path)
    words = ["dbus-run-session", "--", *DOCTOR, "--json"]
    examined = subprocess.run(
        words, env=session_of(home, tmp_path), capture_output=True, text=True, check=False, timeout=60
    )
    Report(examined).is_broken("secret store", "keyring_missing", "keyring")


def in_keyring(household: Household, tmp_path: Path) -> Path:
    """A home paired with the household's relay whose settings name the keyring."""
    home = tmp_path / "home"
    places = find_places(environment={"DESKBELL_HOME": str(home)})
    write_private(places.state_file, household.places.state_file.read_text())
    write_private(places.config_file, "[limits]\nkeyring_s = 3\n")
    return home


def session_of(home: Path, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "run").mkdir(mode=0o700)
    return {
        "PATH": clean_environment()["PATH"],
        "DESKBELL_HOME": str(home),
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
    }
