"""`deskbell pause` and `resume`: refuse everything at once, and take commands again."""

from deskbell_daemon.cli.options import PROFILE, Json, Profile, with_daemon
from deskbell_daemon.cli.terminal import Terminal


def pause(profile: Profile = PROFILE, as_json: Json = False) -> None:
    """Refuse every command until `deskbell resume`."""
    answer = with_daemon(profile, lambda daemon: daemon.post("/v1/pause"))
    Terminal(as_json).emit(answer, "✓ Paused: every command is refused until `deskbell resume`.")


def resume(profile: Profile = PROFILE, as_json: Json = False) -> None:
    """Take commands again."""
    answer = with_daemon(profile, lambda daemon: daemon.post("/v1/resume"))
    Terminal(as_json).emit(answer, "✓ Resumed: commands are taken again.")
