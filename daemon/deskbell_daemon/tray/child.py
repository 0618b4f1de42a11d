"""The tray as a child of the daemon: started where there is a screen, ended with the daemon, and never missed by it."""

import os
import subprocess
import sys
import threading
from typing import Final

import structlog

log = structlog.get_logger()

_END_S: Final = 6.0


def screen_possible() -> bool:
    """Whether this process could show something to somebody."""
    if sys.platform in {"darwin", "win32"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


class TrayChild:
    """`start` and `stop` never raise: a daemon without an icon does all its work."""

    def __init__(self, profile: str) -> None:
        self._profile = profile
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: threading.Thread | None = None

    def start(self) -> None:
        errors = None if sys.stderr is not None and sys.stderr.isatty() else subprocess.DEVNULL
        command = [sys.executable, "-m", "deskbell_daemon.cli", "tray", "--profile", self._profile]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
            )
        except OSError as error:
            log.warning("tray_not_started", reason=error.strerror)
            return
        self._watch = threading.Thread(target=self._reap, args=(self._process,), daemon=True, name="tray-child")
        self._watch.start()

    def stop(self) -> None:
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            log.warning("tray_killed")
            process.kill()

    def _reap(self, process: "subprocess.Popen[bytes]") -> None:
        log.info("tray_ended", status=process.wait())
