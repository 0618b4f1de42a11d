"""`deskbell export`: everything that is the person's, in one zip. Never a secret."""

from pathlib import Path
from typing import Annotated

import typer

from deskbell_daemon.cli.options import PROFILE, Json, Profile
from deskbell_daemon.cli.terminal import Terminal


def export(
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Default: deskbell-DATE.zip here.")] = None,
    profile: Profile = PROFILE,
    as_json: Json = False,
) -> None:
    """Write notes, their versions, the trash and the log of commands into a zip. Works without the daemon."""
    from deskbell_daemon.cli.archive import write_archive
    from deskbell_daemon.places import find_places
    from deskbell_daemon.settings import load_settings
    from deskbell_wire.clock import now_us, to_timestamp

    terminal, places = Terminal(as_json), find_places(profile)
    target = file or Path(f"deskbell-{to_timestamp(now_us())[:10]}.zip")
    with terminal.busy("Packing…"):
        counts = write_archive(target, load_settings(places).notes_folder, places)
    terminal.emit(
        {"file": str(target.absolute()), **counts},
        f"✓ {target}: {counts['files']} files of the notes folder, {counts['commands']} commands of the log.",
    )
