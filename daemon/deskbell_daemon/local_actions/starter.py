"""The starter set: local actions that one can add by name, from `starter.toml`."""

import sys
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Starter:
    """One of the set, with its places still to be filled in."""

    name: str
    action: dict[str, Any]
    root: str | None
    """Where its paths lie, unless the person says something else. None: it has none that can be chosen."""

    @property
    def description(self) -> str:
        return str(self.action["description"])

    def table(self, notes: Path, root: Path | None = None, home: Path | None = None) -> dict[str, Any]:
        """The `[action.NAME]` table with whole paths."""
        home = home or Path.home()
        chosen = str(root) if root is not None else (self.root or "").replace("HOME", str(home), 1)
        places = {"NOTES": str(notes), "HOME": str(home), "ROOT": chosen}
        filled: dict[str, Any] = _filled(self.action, places)
        return filled


def starters(platform: str = sys.platform) -> dict[str, Starter]:
    """Those for this platform, by name."""
    text = files("deskbell_daemon.local_actions").joinpath("starter.toml").read_text(encoding="utf-8")
    return {
        entry["name"]: Starter(entry["name"], entry["action"], entry.get("root", {}).get("path"))
        for entry in tomllib.loads(text)["starter"]
        if platform in entry["platforms"]
    }


def _filled(value: Any, places: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, places) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, places) for item in value]
    if isinstance(value, str):
        for word, place in places.items():
            if value == word or value.startswith(f"{word}/"):
                return place + value.removeprefix(word)
    return value
