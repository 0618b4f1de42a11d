"""A systemd user unit: the daemon without its tray, started with the login and again when it fails.

Source: systemd.service(5), systemd.unit(5), systemd.syntax(7). Enabled as `systemctl --user enable` does: by a link.
"""

import shutil
import subprocess
from pathlib import Path

from deskbell_daemon.autostart.launch import Launch
from deskbell_daemon.autostart.way import FileWay, Standing
from deskbell_wire.errors import Problem

_RELOAD_S = 10.0

UNIT = """\
[Unit]
Description=Deskbell: lets an assistant act on this laptop, with your consent
Documentation=https://github.com/deskbell/deskbell
StartLimitIntervalSec=300
StartLimitBurst=10

[Service]
Type=exec
ExecStart={command}
{environment}Restart=on-failure
RestartSec=5
TimeoutStopSec=20
UMask=0077

[Install]
WantedBy=default.target
"""


class SystemdUnit(FileWay):
    """`units` is the folder of the user's units."""

    name = "systemd"

    def __init__(self, launch: Launch, units: Path, systemctl: str | None = None) -> None:
        environment = "".join(
            f"Environment={_quoted(f'{key}={value}')}\n" for key, value in sorted(launch.environment.items())
        )
        command = " ".join(_quoted(word, dollar=True) for word in launch.words("daemon", "--no-tray"))
        super().__init__(units / f"{launch.name}.service", UNIT.format(command=command, environment=environment))
        self._link = units / "default.target.wants" / self.path.name
        self._systemctl = systemctl or shutil.which("systemctl")

    def standing(self) -> Standing:
        file, linked = super().standing(), self._link.is_symlink()
        if file == "on" and not linked:
            return "other"
        return "other" if file == "off" and linked else file

    def on(self) -> None:
        super().on()
        try:
            self._link.parent.mkdir(exist_ok=True)
            if not self._link.is_symlink():
                self._link.symlink_to(self.path)
        except OSError as error:
            raise Problem("start_up_unavailable", f"{self._link} cannot be made: {error.strerror}.") from error
        self._reload()

    def off(self) -> None:
        try:
            self._link.unlink(missing_ok=True)
        except OSError as error:
            raise Problem("start_up_unavailable", f"{self._link} cannot be removed: {error.strerror}.") from error
        super().off()
        self._reload()

    def _reload(self) -> None:
        """Tell a running systemd. Without one, the next login reads the files anyway: its answer does not matter."""
        if self._systemctl is None:
            return
        try:
            subprocess.run(  # noqa: S603 - a fixed program
                [self._systemctl, "--user", "daemon-reload"], capture_output=True, timeout=_RELOAD_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return


def _quoted(word: str, *, dollar: bool = False) -> str:
    text = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("\n", "\\n")
    if dollar:  # a command line expands variables; an Environment= line does not
        text = text.replace("$", "$$")
    return f'"{text}"'
