"""What the user chose: config.toml, checked whole at start and frozen."""

import re
import socket
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import tomlkit
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from deskbell_daemon.limits import Limits
from deskbell_daemon.local_actions.definition import ActionTable
from deskbell_daemon.places import Places
from deskbell_daemon.private_file import write_private
from deskbell_daemon.settings_lines import Lines
from deskbell_wire.actions import DAEMON_ACTIONS, Risk
from deskbell_wire.errors import Problem
from deskbell_wire.local import MOST_LOCAL_ACTIONS, LocalName
from deskbell_wire.number_match import PORTS
from deskbell_wire.pairing import DeviceName

Rule = Literal["run", "notify", "ask", "refuse"]
STRICTNESS: dict[Rule, int] = {"run": 0, "notify": 1, "ask": 2, "refuse": 3}

_GRANT = re.compile(r"gra_[0-9a-f-]{36}")


def _known_action(action: str) -> str:
    if action not in DAEMON_ACTIONS:
        raise ValueError(f"{action!r} is no action of this device; there are {', '.join(sorted(DAEMON_ACTIONS))}")
    return action


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


ActionRules = dict[Annotated[str, AfterValidator(_known_action)], Rule]


class AssistantRules(_Table):
    """Rules for one assistant; what is left out follows the rules for all."""

    read: Rule | None = None
    write: Rule | None = None
    act: Rule | None = None
    actions: ActionRules = Field(default_factory=dict)


class Consent(_Table):
    """`[consent]`: what may run by itself. `run` silently, `notify` with a notification, `ask` first, `refuse`."""

    read: Rule = "run"
    write: Rule = "notify"
    act: Rule = "ask"
    actions: ActionRules = Field(default_factory=dict)
    assistants: dict[str, AssistantRules] = Field(default_factory=dict, description="By grant id, or by name")

    def by_risk(self, risk: Risk) -> Rule:
        rules: dict[Risk, Rule] = {"read": self.read, "write": self.write, "act": self.act}
        return rules[risk]


class Secrets(_Table):
    """`[secrets]`: where the refresh token rests. Pinned at pairing, so that it never moves silently."""

    backend: Literal["keyring", "file"] = "keyring"
    keyring: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$", max_length=200)] | None = None
    """Which of keyring's backends, by the name that `keyring --list-backends` shows; the only one that is asked."""


class Extension(_Table):
    """`[extension]`: the door by which the browser extension on this laptop finds the daemon."""

    port: int = Field(default=PORTS[0], ge=0, le=65_535)
    """The first of five that are tried; 0: no door. The extension looks at the five from the default alone."""


class Log(_Table):
    """`[log]`"""

    level: Literal["debug", "info", "warning", "error"] = "info"


def _device_name() -> str:
    name = re.sub(r"[\x00-\x1f\x7f]", "", socket.gethostname().split(".")[0])[:64]
    return name or "laptop"


class Settings(_Table):
    """The whole of config.toml, in the order in which `deskbell config` shows it."""

    notes_folder: Path
    device_name: DeviceName = Field(default_factory=_device_name)
    consent: Consent = Consent()
    action: dict[LocalName, ActionTable] = Field(default_factory=dict, max_length=MOST_LOCAL_ACTIONS)
    limits: Limits = Limits()
    secrets: Secrets = Secrets()
    extension: Extension = Extension()
    log: Log = Log()

    @model_validator(mode="after")
    def _absolute(self) -> Self:
        folder = self.notes_folder.expanduser()
        if not folder.is_absolute():
            raise ValueError(f"notes_folder must be a whole path, such as /home/me/Notes or ~/Notes, not {folder}")
        object.__setattr__(self, "notes_folder", folder)  # frozen for everyone else
        return self


def load_settings(places: Places) -> Settings:
    """Read `places.config_file`; a missing file means the defaults.

    Raises Problem `invalid_settings` that names the file, the line and the key.
    """
    path = places.config_file
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    except (OSError, UnicodeDecodeError) as error:
        raise Problem("invalid_settings", f"{path} cannot be read: {error}.") from error
    return parse_settings(text, path, places.default_notes)


def parse_settings(text: str, path: Path, default_notes: Path) -> Settings:
    """`text` of a config.toml as settings; `path` is for the sentences. Raises Problem `invalid_settings`."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        last = len(text.splitlines())
        where = str(error).replace("(at end of document)", f"(at line {last}, the end of the file)")
        raise Problem("invalid_settings", f"{path} is not valid TOML: {where}.") from error
    table.setdefault("notes_folder", str(default_notes))
    try:
        return Settings.model_validate(table)
    except ValidationError as error:
        lines = Lines(text)
        found = [_finding(lines, item) for item in error.errors(include_url=False)]
        raise Problem("invalid_settings", f"{path}, {'; '.join(found[:5])}.", fields=found) from error


def _finding(lines: Lines, item: Any) -> str:
    path = [str(part) for part in item["loc"] if part != "[key]"]
    key = ".".join(path) or "notes_folder"
    line = lines.find(path or ["notes_folder"])
    if item["type"] == "extra_forbidden":
        what = "there is no such key"
    else:
        message = item["msg"].removeprefix("Value error, ").removeprefix("Input ")
        shown = "" if isinstance(item["input"], dict) else f"{str(item['input'])[:60]!r} "
        what = f"{shown}{message}"
    return f"line {line}: {key}: {what}" if line else f"{key}: {what}"


def append_action(places: Places, name: str, table: dict[str, Any]) -> ActionTable:
    """Put `[action.NAME]` at the end of config.toml, which stays as it is otherwise; the action as it was read.

    Nothing is written when there is one of that name or it is not valid: raises Problem `invalid_settings`.
    """
    path = places.config_file
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if name in parse_settings(text, path, places.default_notes).action:
        raise Problem(
            "invalid_settings", f"There is an action {name!r} already.", next_step="Change it in config.toml."
        )
    added = tomlkit.dumps({"action": {name: table}})
    changed = f"{text.rstrip()}\n\n{added}" if text.strip() else added
    settings = parse_settings(changed, path, places.default_notes)
    write_private(path, changed)
    return settings.action[name]


def write_setting(places: Places, key: str, value: str | int | float | bool) -> Settings:
    """Set the dotted `key` in config.toml, keeping comments and order, and return the settings as they are then.

    Nothing is written when the result would not be valid: raises Problem `invalid_settings`.
    """
    path = places.config_file
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    parse_settings(text, path, places.default_notes)
    document = tomlkit.parse(text)
    table: Any = document
    *tables, name = key.split(".")
    for part in tables:
        if part not in table:
            table[part] = tomlkit.table()
        table = table[part]
    table[name] = value
    changed = tomlkit.dumps(document)
    settings = parse_settings(changed, path, places.default_notes)
    write_private(path, changed)
    return settings
