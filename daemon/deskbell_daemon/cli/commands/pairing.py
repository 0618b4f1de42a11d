"""`deskbell pair` and `unpair`: how this laptop comes to a relay, and leaves it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deskbell_daemon.cli.options import PROFILE, Json, Profile, Yes, run, with_daemon
from deskbell_daemon.cli.terminal import Terminal
from deskbell_wire.errors import Problem

if TYPE_CHECKING:
    from deskbell_daemon.link.pairing import DeviceCode
    from deskbell_daemon.local.client import LocalClient
    from deskbell_daemon.settings import Settings


def pair(
    relay_url: Annotated[str, typer.Argument(metavar="RELAY_URL", help="Such as https://bell.example.com.")],
    invite: Annotated[str | None, typer.Option(help="What the relay's operator gave you.")] = None,
    code: Annotated[
        bool, typer.Option("--code", help="Join the account of a laptop that is paired already: shows a code for it.")
    ] = False,
    name: Annotated[str | None, typer.Option(help="What this laptop is called; default: its host name.")] = None,
    notes_folder: Annotated[
        str | None,
        typer.Option("--notes-folder", help="Where the notes are, such as an Obsidian vault; it must exist."),
    ] = None,
    insecure_storage: Annotated[
        bool,
        typer.Option("--insecure-storage", help="Keep the key in a file that only you can read, not in a keyring."),
    ] = False,
    profile: Profile = PROFILE,
    as_json: Json = False,
) -> None:
    """Pair this laptop with a relay. The first laptop makes the account."""
    from pydantic import ValidationError

    from deskbell_daemon.app import declaration
    from deskbell_daemon.link import pairing
    from deskbell_daemon.places import find_places
    from deskbell_daemon.settings import load_settings, write_setting
    from deskbell_daemon.state import StateFile
    from deskbell_wire.pairing import DeviceDeclaration

    terminal, places = Terminal(as_json), find_places(profile)
    settings = load_settings(places)
    state = StateFile(places).load()
    if state.paired:
        raise Problem("already_paired", f"This profile is paired with {state.relay_url}.")
    folder = None if notes_folder is None else usable(notes_folder)
    before = settings.secrets.backend
    wanted = "file" if insecure_storage else before
    declared = declaration(settings)
    if name is not None:
        try:
            declared = DeviceDeclaration(name=name, kind="daemon", actions=declared.actions)
        except ValidationError as error:
            raise Problem("invalid_arguments", "A device's name has 1 to 64 characters without controls.") from error

    def show_code(shown: "DeviceCode") -> None:
        # On stderr: it must be seen while this waits, and stdout is the outcome's.
        terminal.show(
            f"On the laptop that is paired already, run:\n  deskbell approve {shown.user_code}\n"
            f"(or type the code at {shown.verification_uri}; it counts for {shown.expires_in // 60} minutes)",
            *terminal.drawn(shown.verification_uri_complete or shown.verification_uri, stderr=True),
            stderr=True,
        )

    if wanted != before:
        settings = write_setting(places, "secrets.backend", wanted)  # first: a key must lie where the settings say
    try:
        with terminal.busy("Pairing…"):
            state = run(
                pairing.pair(places, settings, relay_url, declared, invite=invite, on_code=show_code if code else None)
            )
    except BaseException:  # Ctrl-C too: the settings are as they were, and it goes on its way
        if wanted != before:
            write_setting(places, "secrets.backend", before)
        raise
    if folder is not None:
        settings = write_setting(places, "notes_folder", str(folder))
    heard = tell_daemon(profile, settings)
    document = {
        "relay": state.relay_url,
        "device_id": state.device_id,
        "account_id": state.account_id,
        "device_name": state.device_name,
        "secrets_backend": wanted,
        "notes_folder": str(settings.notes_folder),
        "daemon": heard,
    }
    steps = {
        "reloaded": "The running daemon has taken it over. Next: deskbell connect",
        "needs_restart": "The running daemon has other settings: restart it. Then: deskbell connect",
        "not_running": "Next: start `deskbell daemon`, then run `deskbell connect`.",
    }
    terminal.emit(document, f"✓ Paired with {state.relay_url} as “{state.device_name}”.", steps[heard])


def usable(named: str) -> Path:
    """The folder as a whole path. One that a person names is never made: a typing error would hide their notes.

    Raises Problem folder_not_writable.
    """
    folder = Path(named).expanduser().absolute()
    if not folder.is_dir():
        raise Problem("folder_not_writable", f"There is no folder {folder}.", next_step="Make it, or mount its disk.")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise Problem("folder_not_writable", f"You may not write into {folder}.")
    return folder


def tell_daemon(profile: str, settings: "Settings") -> str:
    """Let a running daemon take the pairing over: reloaded, needs_restart or not_running."""

    async def reload(daemon: "LocalClient") -> str:
        status = await daemon.get("/v1/status")
        if status["notes_folder"] != str(settings.notes_folder):
            return "needs_restart"
        await daemon.post("/v1/reload")
        return "reloaded"

    try:
        return with_daemon(profile, reload)
    except Problem as problem:
        if problem.code in {"daemon_not_running", "daemon_not_genuine"}:
            return "not_running"
        raise


def unpair(profile: Profile = PROFILE, yes: Yes = False, as_json: Json = False) -> None:
    """Take this laptop from its relay. Notes and settings stay."""
    from deskbell_daemon.link import pairing
    from deskbell_daemon.places import find_places
    from deskbell_daemon.settings import load_settings

    terminal, places = Terminal(as_json), find_places(profile)
    if not yes and not terminal.agreed("Unpair this laptop? Assistants can no longer reach it."):
        raise Problem("refused", "Nothing was changed.")
    try:
        document: dict[str, Any] = with_daemon(profile, lambda daemon: daemon.post("/v1/unpair"))
    except Problem as problem:
        if problem.code != "daemon_not_running":
            raise
        heard = run(pairing.unpair(places, load_settings(places)))
        document = {"paired": False, "relay_heard": heard}
    told = "" if document["relay_heard"] else " The relay could not be told: revoke the device from another one."
    terminal.emit(document, f"✓ Unpaired.{told}")
