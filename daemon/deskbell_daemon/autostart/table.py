"""The table of ways: which of them this machine has. To add one, write its file and a line here."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import platformdirs

from deskbell_daemon.autostart.launch import Launch
from deskbell_daemon.autostart.launchd import LaunchAgent
from deskbell_daemon.autostart.systemd import SystemdUnit
from deskbell_daemon.autostart.way import Way
from deskbell_daemon.autostart.windows import RunKey
from deskbell_daemon.autostart.xdg import XdgEntry
from deskbell_wire.errors import Problem

SYSTEMD_RUNS: Final = Path("/run/systemd/system")
"""Where it is, systemd is what started this machine: sd_booted(3)."""


def _linux(launch: Launch) -> Sequence[Way]:
    config = platformdirs.user_config_path()
    autostart = config / "autostart"
    if SYSTEMD_RUNS.is_dir():
        # The daemon outlives the desktop; the desktop brings the icon.
        return SystemdUnit(launch, config / "systemd" / "user"), XdgEntry(launch, autostart, "tray")
    return (XdgEntry(launch, autostart, "daemon"),)


WAYS: Final[dict[str, Callable[[Launch], Sequence[Way]]]] = {
    "linux": _linux,
    "darwin": lambda launch: (LaunchAgent(launch, Path.home() / "Library" / "LaunchAgents"),),
    "win32": lambda launch: (RunKey(launch),),
}


def ways(launch: Launch, platform: str = sys.platform) -> Sequence[Way]:
    """All that belong together here. Raises Problem `start_up_unavailable`."""
    if platform not in WAYS:
        raise Problem("start_up_unavailable", f"Deskbell does not know how {platform} starts programs at login.")
    return WAYS[platform](launch)
