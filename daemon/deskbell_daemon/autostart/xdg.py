"""An XDG autostart entry: what a Linux desktop starts when somebody logs in to it.

Source: freedesktop.org's Desktop Application Autostart Specification, and its Desktop Entry Specification for the quoting.
"""

from pathlib import Path

from deskbell_daemon.autostart.launch import Launch
from deskbell_daemon.autostart.way import FileWay

ENTRY = """\
[Desktop Entry]
Type=Application
Name=Deskbell
Comment=Lets an assistant act on this laptop, with your consent
Exec={command}
Icon=preferences-desktop-notification-bell
Terminal=false
NoDisplay=true
X-GNOME-Autostart-enabled=true
"""


class XdgEntry(FileWay):
    """`folder` is the user's autostart folder. `command`: `tray` beside a systemd unit, else `daemon` with its tray."""

    name = "xdg"

    def __init__(self, launch: Launch, folder: Path, command: str) -> None:
        words = launch.words(command)
        if launch.environment:
            words = ["env", *(f"{key}={value}" for key, value in sorted(launch.environment.items())), *words]
        line = " ".join(_quoted(word) for word in words)
        super().__init__(folder / f"{launch.name}.desktop", ENTRY.format(command=line))


def _quoted(word: str) -> str:
    # Twice: once as a word of the command, once as a value of the file.
    text = word.replace("\\", "\\\\")
    for character in '"`$':
        text = text.replace(character, f"\\{character}")
    return '"' + text.replace("\\", "\\\\").replace("\n", "\\n").replace("%", "%%") + '"'
