"""`clipboard.write`: puts text into the clipboard, with the program that this desktop has for it."""

import os
import shutil
import subprocess
import sys
from typing import Final

from deskbell_daemon.actions.context import Context
from deskbell_wire.desktop import WriteClipboard, WrittenClipboard
from deskbell_wire.errors import Problem

_PATIENCE_S: Final = 5.0

WAYLAND: Final = (("wl-copy", "--type", "text/plain;charset=utf-8"),)
X11: Final = (("xclip", "-selection", "clipboard", "-in"), ("xsel", "--clipboard", "--input"))


def program() -> tuple[str, ...] | None:
    """The command that reads the clipboard's new text from its input. None: this machine has none that would work."""
    if sys.platform == "darwin":
        candidates: tuple[tuple[str, ...], ...] = (("pbcopy",),)
    elif sys.platform == "win32":
        candidates = (("clip.exe",),)
    else:
        candidates = (WAYLAND if os.environ.get("WAYLAND_DISPLAY") else ()) + (X11 if os.environ.get("DISPLAY") else ())
    for name, *rest in candidates:
        if (path := shutil.which(name)) is not None:
            return (path, *rest)
    return None


def available() -> bool:
    """Whether this process can reach a clipboard."""
    return program() is not None


def perform(args: WriteClipboard, context: Context) -> WrittenClipboard:
    """Raises Problem `no_clipboard`."""
    command = program()
    if command is None:
        raise Problem(
            "no_clipboard",
            "This laptop's clipboard cannot be written: there is no screen, or neither wl-copy, xclip nor xsel.",
        )
    # clip.exe takes what begins with this mark as UTF-16; all others read UTF-8.
    text = args.text.encode("utf-16") if sys.platform == "win32" else args.text.encode()
    try:
        done = subprocess.run(  # noqa: S603 - a program of the table above; the text is its input, never an argument
            command,
            input=text,
            # They stay to serve the text, and would keep a pipe open for as long.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE_S,
            check=False,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        raise Problem("no_clipboard", f"{command[0]} did not take the text within {_PATIENCE_S:g} s.") from None
    except OSError as error:
        raise Problem("no_clipboard", f"{command[0]} could not be started: {error.strerror}.") from error
    if done.returncode != 0:
        raise Problem("no_clipboard", f"{command[0]} ended with {done.returncode}: the screen may be gone.")
    return WrittenClipboard(characters=len(args.text))
