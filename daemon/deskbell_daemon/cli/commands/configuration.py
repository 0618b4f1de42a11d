"""`deskbell config`: the settings file's path, a check of it, and an editor on it."""

import os
import shlex
import shutil
import subprocess

import typer

from deskbell_daemon.cli.options import PROFILE, Json, Profile
from deskbell_daemon.cli.terminal import Terminal
from deskbell_wire.errors import Problem

app = typer.Typer(help="The settings file.", no_args_is_help=True)

BEGINNING = """# Deskbell's settings. What is left out has its default; `deskbell config check` tells whether all is right.
# notes_folder = "~/Notes"
"""


@app.command()
def path(profile: Profile = PROFILE, as_json: Json = False) -> None:
    """Where the settings file is."""
    from deskbell_daemon.places import find_places

    file = find_places(profile).config_file
    Terminal(as_json).emit({"path": str(file), "exists": file.exists()}, str(file))


@app.command()
def check(profile: Profile = PROFILE, as_json: Json = False) -> None:
    """Whether the settings are valid; an error names the line."""
    from deskbell_daemon.places import find_places
    from deskbell_daemon.settings import load_settings

    places = find_places(profile)
    settings = load_settings(places)
    document = {"path": str(places.config_file), "valid": True, "settings": settings.model_dump(mode="json")}
    Terminal(as_json).emit(document, f"✓ {places.config_file} is valid. Notes are kept in {settings.notes_folder}.")


@app.command()
def edit(profile: Profile = PROFILE) -> None:
    """Open the settings in $VISUAL or $EDITOR, and check them afterwards."""
    from deskbell_daemon.places import find_places
    from deskbell_daemon.private_file import write_private
    from deskbell_daemon.settings import load_settings

    places = find_places(profile)
    if not places.config_file.exists():
        write_private(places.config_file, BEGINNING)
    words = editor()
    status = subprocess.run([*words, str(places.config_file)], check=False).returncode  # noqa: S603 - the person's own editor
    if status != 0:
        raise Problem("invalid_settings", f"The editor {words[0]} ended with {status}.", next_step="Look at the file.")
    load_settings(places)
    Terminal().show(
        f"✓ {places.config_file} is valid. A running daemon follows its actions and consent rules; the rest from its next start."
    )


def editor() -> list[str]:
    """The person's editor as words of a command."""
    chosen = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if chosen:
        return shlex.split(chosen)
    for name in ("sensible-editor", "nano", "vi", "notepad"):
        if shutil.which(name):
            return [name]
    raise Problem("invalid_settings", "No editor was found.", next_step="Set EDITOR, or open the file yourself.")
