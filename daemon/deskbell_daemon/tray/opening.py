"""Hands a page, a folder or a file to what the desktop opens it with. Both block: they are for a thread."""

import os
import subprocess
import sys
import threading
import webbrowser
from pathlib import Path
from typing import Final

from deskbell_wire.errors import Problem

_LOOKING: Final = threading.Lock()


def open_page(url: str) -> None:
    """Open an address in the person's browser. Raises Problem `tray_unavailable`; the address is not in it."""
    try:
        with _LOOKING:
            # webbrowser looks for browsers at its first use, and a second thread that comes meanwhile finds none.
            webbrowser.get()
        opened = webbrowser.open(url)
    except webbrowser.Error:
        opened = False
    if not opened:
        raise Problem(
            "tray_unavailable",
            "No browser could be opened.",
            next_step="`deskbell open --print` in a terminal gives the page's address.",
        )


def open_path(path: Path) -> None:
    """Open a folder or a file with what the desktop has for it. Raises Problem `tray_unavailable`."""
    if not path.exists():
        raise Problem("tray_unavailable", f"{path} is not there.", next_step="Check the path in the settings.")
    if sys.platform == "win32":
        os.startfile(path)  # noqa: S606 - the person's own folder
        return
    program = "open" if sys.platform == "darwin" else "xdg-open"
    try:
        subprocess.Popen(  # noqa: S603 - a fixed program; the path is one word
            [program, str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise Problem(
            "tray_unavailable", f"{program} could not be started: {error.strerror}.", next_step=f"Open {path} yourself."
        ) from error
