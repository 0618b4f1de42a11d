"""`deskbell daemon`: runs the daemon in this terminal."""

from typing import Annotated

import typer

from deskbell_daemon.cli.options import PROFILE, Profile


def daemon(
    no_tray: Annotated[
        bool, typer.Option("--no-tray", help="Without the tray icon: for servers and start-up.")
    ] = False,
    profile: Profile = PROFILE,
) -> None:
    """Run the daemon until Ctrl-C or SIGTERM. It listens to the relay and does what assistants ask."""
    from deskbell_daemon.__main__ import serve
    from deskbell_daemon.cli.terminal import Terminal
    from deskbell_daemon.places import find_places
    from deskbell_daemon.settings import load_settings
    from deskbell_daemon.tray.child import TrayChild, screen_possible

    places = find_places(profile)
    settings = load_settings(places)
    terminal = Terminal()
    tray = None if no_tray or not screen_possible() else TrayChild(profile)

    def started(_: object) -> None:
        terminal.show(
            f"Deskbell listens. Notes: {settings.notes_folder}. Log: {places.log_file}. Stop with Ctrl-C.", stderr=True
        )
        if tray is not None:
            tray.start()

    try:
        serve(settings, places, started=started)
    finally:
        if tray is not None:
            tray.stop()
