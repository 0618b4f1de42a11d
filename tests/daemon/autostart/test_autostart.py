"""Starting with the login: the exact entries of each system, written whole, removed cleanly, and read by the real tools."""

import configparser
import json
import os
import plistlib
import shutil
import subprocess
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from deskbell_daemon.autostart.launch import Launch, this_launch
from deskbell_daemon.autostart.launchd import LaunchAgent
from deskbell_daemon.autostart.systemd import SystemdUnit
from deskbell_daemon.autostart.table import WAYS, ways
from deskbell_daemon.autostart.windows import RunKey
from deskbell_daemon.autostart.xdg import XdgEntry
from deskbell_wire.errors import Problem

PLAIN = Launch(("/usr/bin/deskbell",))
HOSTILE = Launch(('/opt/a "b" $HOME `id` 50% \\x/deskbell',), "work", {"DESKBELL_HOME": '/home/me/x y"$z'})


def _snapshot(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def test_the_systemd_unit_is_exactly_this(tmp_path):
    way = SystemdUnit(PLAIN, tmp_path, systemctl="/bin/false")
    way.on()
    assert (tmp_path / "deskbell.service").read_text() == (
        "[Unit]\n"
        "Description=Deskbell: lets an assistant act on this laptop, with your consent\n"
        "Documentation=https://github.com/deskbell/deskbell\n"
        "StartLimitIntervalSec=300\n"
        "StartLimitBurst=10\n"
        "\n"
        "[Service]\n"
        "Type=exec\n"
        'ExecStart="/usr/bin/deskbell" "daemon" "--no-tray"\n'
        "Restart=on-failure\n"
        "RestartSec=5\n"
        "TimeoutStopSec=20\n"
        "UMask=0077\n"
        "\n"
        "[Install]\n"
        "WantedBy=default.target\n"
    )
    link = tmp_path / "default.target.wants" / "deskbell.service"
    assert link.readlink() == tmp_path / "deskbell.service"


def test_the_systemd_unit_quotes_what_systemd_would_expand(tmp_path):
    text = SystemdUnit(HOSTILE, tmp_path, systemctl="/bin/false").content
    assert (
        'ExecStart="/opt/a \\"b\\" $$HOME `id` 50%% \\\\x/deskbell" "daemon" "--no-tray" "--profile" "work"\n' in text
    )
    assert 'Environment="DESKBELL_HOME=/home/me/x y\\"$z"\n' in text


def test_the_xdg_entry_is_exactly_this_and_a_desktop_would_run_these_words(tmp_path):
    XdgEntry(PLAIN, tmp_path, "tray").on()
    assert (tmp_path / "deskbell.desktop").read_text() == (
        "[Desktop Entry]\n"
        "Type=Application\n"
        "Name=Deskbell\n"
        "Comment=Lets an assistant act on this laptop, with your consent\n"
        'Exec="/usr/bin/deskbell" "tray"\n'
        "Icon=preferences-desktop-notification-bell\n"
        "Terminal=false\n"
        "NoDisplay=true\n"
        "X-GNOME-Autostart-enabled=true\n"
    )
    entry = configparser.RawConfigParser()
    entry.optionxform = str
    entry.read_string(XdgEntry(HOSTILE, tmp_path, "daemon").content)
    assert _words(entry["Desktop Entry"]["Exec"]) == [
        "env",
        'DESKBELL_HOME=/home/me/x y"$z',
        *HOSTILE.words("daemon"),
    ]


def _words(value):
    """A reader of Exec lines, by the Desktop Entry Specification."""
    line = value.replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\").replace("%%", "%")
    words, word, quoted, escaped = [], "", False, False
    for character in line:
        if escaped:
            word, escaped = word + character, False
        elif quoted and character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif character == " " and not quoted:
            words.append(word)
            word = ""
        else:
            word += character
    return [*words, word]


def test_the_launchd_agent_is_exactly_this(tmp_path):
    LaunchAgent(HOSTILE, tmp_path).on()
    assert plistlib.loads((tmp_path / "io.github.deskbell.work.plist").read_bytes()) == {
        "Label": "io.github.deskbell.work",
        "ProgramArguments": [*HOSTILE.program, "daemon", "--profile", "work"],
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 10,
        "ProcessType": "Interactive",
        "LimitLoadToSessionType": "Aqua",
        "EnvironmentVariables": {"DESKBELL_HOME": '/home/me/x y"$z'},
    }


class Registry(SimpleNamespace):
    """The part of winreg that is used, in memory."""

    HKEY_CURRENT_USER = "HKCU"
    KEY_SET_VALUE = 2
    REG_SZ = 1

    def __init__(self):
        super().__init__(values={})

    @contextmanager
    def OpenKey(self, root, path, reserved=0, access=0):
        assert (root, path) == ("HKCU", r"Software\Microsoft\Windows\CurrentVersion\Run")
        yield self.values

    CreateKey = OpenKey

    def QueryValueEx(self, key, name):
        if name not in key:
            raise FileNotFoundError(2, "no such value")
        return key[name], self.REG_SZ

    def SetValueEx(self, key, name, reserved, kind, value):
        assert kind == self.REG_SZ
        key[name] = value

    def DeleteValue(self, key, name):
        if name not in key:
            raise FileNotFoundError(2, "no such value")
        del key[name]


def test_the_run_key_is_exactly_this():
    registry = Registry()
    way = RunKey(Launch((r"C:\Program Files\Deskbell\deskbell.exe",)), registry)
    assert way.standing() == "off"
    way.off()
    way.on()
    way.on()
    assert registry.values == {"Deskbell": r'"C:\Program Files\Deskbell\deskbell.exe" daemon'}
    assert (way.standing(), RunKey(PLAIN, registry).standing()) == ("on", "other")
    way.off()
    assert registry.values == {}
    for launch in (HOSTILE, Launch(("C:\\" + "x" * 300,))):
        with pytest.raises(Problem) as raised:
            RunKey(launch, registry).on()
        assert raised.value.code == "start_up_unavailable"


@pytest.mark.parametrize(
    "make",
    [
        lambda launch, folder: SystemdUnit(launch, folder, systemctl="/bin/false"),
        lambda launch, folder: XdgEntry(launch, folder, "daemon"),
        LaunchAgent,
    ],
)
def test_on_and_off_again_and_again_leave_nothing_and_nobody_else_s_files_changed(tmp_path, make):
    (tmp_path / "other.desktop").write_text("somebody else's")
    tmp_path.chmod(0o755)
    way, other = make(PLAIN, tmp_path), make(Launch(("/elsewhere/deskbell",)), tmp_path)
    before = _snapshot(tmp_path)
    assert way.standing() == "off"
    way.off()
    way.on()
    written = _snapshot(tmp_path)
    way.on()
    assert (way.standing(), other.standing(), _snapshot(tmp_path)) == ("on", "other", written)
    other.on()
    assert (way.standing(), other.standing(), _snapshot(tmp_path)) == ("other", "on", written)
    way.path.write_bytes(b"\xff\xfe")
    assert way.standing() == "other"
    way.on()
    assert way.standing() == "on"
    way.off()
    way.off()
    assert (way.standing(), _snapshot(tmp_path)) == ("off", before)
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Problem) as raised:
        XdgEntry(PLAIN, tmp_path / "file" / "autostart", "daemon").on()
    assert raised.value.code == "start_up_unavailable"
    assert str(tmp_path) in raised.value.detail


def test_a_unit_without_its_link_is_told_from_one_that_is_on(tmp_path):
    way = SystemdUnit(PLAIN, tmp_path, systemctl="/bin/false")
    way.on()
    (tmp_path / "default.target.wants" / "deskbell.service").unlink()
    assert way.standing() == "other"
    way.on()
    assert way.standing() == "on"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
def test_systemd_itself_finds_nothing_wrong_with_the_unit(tmp_path):
    way = SystemdUnit(Launch((sys.executable, "-m", "deskbell_daemon.cli")), tmp_path, systemctl="/bin/false")
    way.on()
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", str(way.path)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert "deskbell.service" not in done.stderr, done.stderr


def test_each_platform_has_its_way_and_another_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert set(WAYS) == {"linux", "darwin", "win32"}
    systemd = tmp_path / "booted"
    monkeypatch.setattr("deskbell_daemon.autostart.table.SYSTEMD_RUNS", systemd)
    assert [way.name for way in ways(PLAIN, "linux")] == ["xdg"]
    systemd.mkdir()
    unit, entry = ways(PLAIN, "linux")
    assert (unit.name, entry.name) == ("systemd", "xdg")
    assert '"tray"' in entry.content
    assert unit.where == str(tmp_path / "systemd" / "user" / "deskbell.service")
    assert [way.name for way in ways(PLAIN, "darwin")] == ["launchd"]
    with pytest.raises(Problem):
        ways(PLAIN, "beos")


def test_what_is_started_is_this_deskbell(monkeypatch):
    monkeypatch.setenv("DESKBELL_HOME", "somewhere")
    launch = this_launch("work")
    assert launch.words("daemon") == [sys.executable, "-m", "deskbell_daemon.cli", "daemon", "--profile", "work"]
    assert os.path.isabs(launch.environment["DESKBELL_HOME"])
    assert launch.name == "deskbell-work"


def test_the_command_line_turns_it_on_and_off(tmp_path):
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}

    def autostart(*words):
        done = subprocess.run(
            [sys.executable, "-m", "deskbell_daemon.cli", "autostart", *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    assert json.loads(autostart("status", "--json"))["autostart"] == "off"
    assert "next login" in autostart("on")
    found = json.loads(autostart("status", "--json"))
    assert found["autostart"] == "on"
    assert all(os.path.exists(entry["where"]) for entry in found["entries"])
    assert json.loads(autostart("off", "--json"))["autostart"] == "off"
    assert not any(os.path.exists(entry["where"]) for entry in found["entries"])
