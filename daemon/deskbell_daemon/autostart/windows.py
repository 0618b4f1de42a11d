"""A value under the Run key: what Windows starts when somebody logs in. Source: Microsoft, "Run and RunOnce registry keys"."""

import subprocess
import sys
from typing import Any

from deskbell_daemon.autostart.launch import Launch
from deskbell_daemon.autostart.way import Standing
from deskbell_wire.errors import Problem

KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"
MOST_LETTERS = 260
"""Of a command under that key."""


class RunKey:
    """`registry` is the module winreg."""

    name = "windows"

    def __init__(self, launch: Launch, registry: Any = None) -> None:
        self._name = launch.name.capitalize()
        self._environment = launch.environment
        self.command = subprocess.list2cmdline(launch.words("daemon"))
        self._registry = registry if registry is not None else _winreg()

    @property
    def where(self) -> str:
        return rf"HKEY_CURRENT_USER\{KEY}\{self._name}"

    def standing(self) -> Standing:
        try:
            with self._registry.OpenKey(self._registry.HKEY_CURRENT_USER, KEY) as key:
                value, _ = self._registry.QueryValueEx(key, self._name)
        except FileNotFoundError:
            return "off"
        except OSError as error:
            raise self._problem("read", error) from error
        return "on" if value == self.command else "other"

    def on(self) -> None:
        if self._environment:
            raise Problem("start_up_unavailable", "The Run key cannot set DESKBELL_HOME: set it for your account.")
        if len(self.command) > MOST_LETTERS:
            raise Problem(
                "start_up_unavailable",
                f"The command has {len(self.command)} letters; the Run key takes {MOST_LETTERS}: {self.command}",
            )
        try:
            with self._registry.CreateKey(self._registry.HKEY_CURRENT_USER, KEY) as key:
                self._registry.SetValueEx(key, self._name, 0, self._registry.REG_SZ, self.command)
        except OSError as error:
            raise self._problem("written", error) from error

    def off(self) -> None:
        try:
            with self._registry.OpenKey(self._registry.HKEY_CURRENT_USER, KEY, 0, self._registry.KEY_SET_VALUE) as key:
                self._registry.DeleteValue(key, self._name)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._problem("removed", error) from error

    def _problem(self, what: str, error: OSError) -> Problem:
        return Problem("start_up_unavailable", f"{self.where} cannot be {what}: {error}.")


def _winreg() -> Any:
    assert sys.platform == "win32", "the registry is Windows's"
    import winreg

    return winreg
