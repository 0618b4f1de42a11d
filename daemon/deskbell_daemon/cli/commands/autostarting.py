"""`deskbell autostart on`, `off` and `status`: whether Deskbell starts with the login."""

from typing import Any

import typer

from deskbell_daemon.cli.options import PROFILE, Json, Profile
from deskbell_daemon.cli.terminal import Terminal

app = typer.Typer(help="Start Deskbell with the login, or not.", no_args_is_help=True)

STANDINGS = {
    "on": "on",
    "off": "off",
    "other": "on, but not as it would be set now: `deskbell autostart on` corrects it",
}


@app.command()
def on(profile: Profile = PROFILE, as_json: Json = False) -> None:
    """Start with the next login."""
    found = [way for way in _ways(profile) if way.on() is None]
    _show(found, as_json, "✓ Deskbell starts with your next login. Now: `deskbell daemon`.")


@app.command()
def off(profile: Profile = PROFILE, as_json: Json = False) -> None:
    """Start with the login no more. What runs goes on."""
    found = [way for way in _ways(profile) if way.off() is None]
    _show(found, as_json, "✓ Deskbell does not start by itself any more.")


@app.command()
def status(profile: Profile = PROFILE, as_json: Json = False) -> None:
    """Whether it starts with the login, and what says so."""
    _show(_ways(profile), as_json)


def _ways(profile: str) -> list[Any]:
    from deskbell_daemon.autostart.launch import this_launch
    from deskbell_daemon.autostart.table import ways
    from deskbell_daemon.places import find_places

    find_places(profile)  # refuses a name that cannot be a profile's
    return list(ways(this_launch(profile)))


def _show(found: list[Any], as_json: bool, *sentences: str) -> None:
    entries = [{"way": way.name, "where": way.where, "state": way.standing()} for way in found]
    states = {entry["state"] for entry in entries}
    document = {"autostart": states.pop() if len(states) == 1 else "other", "entries": entries}
    terminal = Terminal(as_json)
    rows = [(entry["way"], STANDINGS[entry["state"]], entry["where"]) for entry in entries]
    terminal.emit(document, *sentences, terminal.table(("way", "state", "where"), rows))
