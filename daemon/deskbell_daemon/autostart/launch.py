"""What is started: the words of a command, for one profile, and the environment that it needs."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deskbell_daemon.places import DEFAULT_PROFILE


@dataclass(frozen=True, slots=True)
class Launch:
    """`program`: words that begin every `deskbell` command, the first an absolute path."""

    program: tuple[str, ...]
    profile: str = DEFAULT_PROFILE
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of the file or the entry: one for each profile."""
        return "deskbell" if self.profile == DEFAULT_PROFILE else f"deskbell-{self.profile}"

    def words(self, *command: str) -> list[str]:
        """Such as `/usr/bin/deskbell daemon --no-tray --profile work`."""
        chosen = [] if self.profile == DEFAULT_PROFILE else ["--profile", self.profile]
        return [*self.program, *command, *chosen]


def this_launch(profile: str) -> Launch:
    """The Deskbell that is asking."""
    python = Path(sys.executable)
    if getattr(sys, "frozen", False):  # a bundle is its own program
        program: tuple[str, ...] = (str(python),)
    else:
        quiet = python.with_name("pythonw.exe")  # without a console window
        program = (str(quiet if quiet.exists() else python), "-m", "deskbell_daemon.cli")
    home = os.environ.get("DESKBELL_HOME")
    return Launch(program, profile, {"DESKBELL_HOME": str(Path(home).expanduser().absolute())} if home else {})
