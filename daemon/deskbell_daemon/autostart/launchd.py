"""A launchd agent: what macOS starts when somebody logs in to its desktop. Source: launchd.plist(5)."""

import plistlib
from pathlib import Path
from typing import Any

from deskbell_daemon.autostart.launch import Launch
from deskbell_daemon.autostart.way import FileWay


class LaunchAgent(FileWay):
    """`folder` is ~/Library/LaunchAgents; read at the next login."""

    name = "launchd"

    def __init__(self, launch: Launch, folder: Path) -> None:
        label = f"io.github.{launch.name.replace('-', '.', 1)}"
        agent: dict[str, Any] = {
            "Label": label,
            "ProgramArguments": launch.words("daemon"),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": 10,
            "ProcessType": "Interactive",
            "LimitLoadToSessionType": "Aqua",
        }
        if launch.environment:
            agent["EnvironmentVariables"] = dict(launch.environment)
        super().__init__(folder / f"{label}.plist", plistlib.dumps(agent).decode())
