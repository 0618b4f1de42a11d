"""`deskbell tray`: the icon, in a process of its own."""

from deskbell_daemon.cli.options import PROFILE, Profile


def tray(profile: Profile = PROFILE) -> None:
    """Show the icon until it is hidden. It follows the daemon and starts nothing; `deskbell daemon` starts it by itself."""
    from deskbell_daemon.logs import open_logs
    from deskbell_daemon.places import find_places
    from deskbell_daemon.settings import load_settings

    places = find_places(profile)
    close_logs = open_logs(places.log_file.with_name("tray.log"), load_settings(places).log.level)
    try:
        from deskbell_daemon.tray.app import run_tray

        run_tray(places)
    finally:
        close_logs()
