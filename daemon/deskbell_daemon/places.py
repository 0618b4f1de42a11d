"""Where a profile keeps its settings and its memory on this machine."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from deskbell_wire.errors import Problem

DEFAULT_PROFILE = "default"
_PROFILE = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True)
class Places:
    """The files of one profile. `config_file` is the person's; what lies in `state_dir` is the daemon's alone."""

    profile: str
    config_file: Path
    state_dir: Path
    default_notes: Path

    @property
    def state_file(self) -> Path:
        return self.state_dir / "state.json"

    @property
    def ledger_file(self) -> Path:
        return self.state_dir / "ledger.sqlite3"

    @property
    def audit_dir(self) -> Path:
        return self.state_dir / "audit"

    @property
    def rules_file(self) -> Path:
        """What the person always allows."""
        return self.state_dir / "rules.json"

    @property
    def secrets_file(self) -> Path:
        return self.state_dir / "secrets" / "secrets.json"

    @property
    def lock_file(self) -> Path:
        return self.state_dir / "daemon.lock"

    @property
    def local_file(self) -> Path:
        """Port and token of the loopback API, while the daemon runs."""
        return self.state_dir / "local.json"

    @property
    def log_file(self) -> Path:
        return self.state_dir / "log" / "daemon.log"


def find_places(profile: str = DEFAULT_PROFILE, environment: Mapping[str, str] = os.environ) -> Places:
    """The places of `profile`. `DESKBELL_HOME` in `environment` puts everything below that one folder.

    Raises Problem `invalid_settings` for a profile name that cannot be a folder's.
    """
    if _PROFILE.fullmatch(profile) is None:
        raise Problem(
            "invalid_settings",
            f"The profile name {profile[:40]!r} is not one: use up to 32 small letters, digits, '-' and '_'.",
        )
    home = environment.get("DESKBELL_HOME")
    if home:
        root = Path(home).expanduser().absolute()
        config, state, notes = root / "config", root / "state", root / "notes"
    else:
        config = platformdirs.user_config_path("deskbell", appauthor=False)
        state = platformdirs.user_state_path("deskbell", appauthor=False)
        notes = platformdirs.user_documents_path() / "Deskbell"
    if profile != DEFAULT_PROFILE:
        config, state = config / "profiles" / profile, state / "profiles" / profile
        notes = notes.with_name(f"{notes.name}-{profile}")
    return Places(profile, config / "config.toml", state, notes)
