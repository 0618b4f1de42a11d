"""The environment of a child: a few usual variables, and those that the action names."""

import sys
from collections.abc import Iterable, Mapping
from typing import Final

from deskbell_daemon.local_actions.programs import search_path

USUAL: Final = (
    ("SYSTEMROOT", "WINDIR", "TEMP", "TMP", "USERPROFILE", "USERNAME", "APPDATA", "LOCALAPPDATA", "PATHEXT")
    if sys.platform == "win32"
    else ("HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_TIME", "TZ", "TMPDIR")
)

MARK: Final = "DESKBELL_RUN"
"""By it, what a child has left behind is found again."""


def child_environment(allowed: Iterable[str], ours: Mapping[str, str], mark: str) -> dict[str, str]:
    """From the daemon's environment `ours`: nothing that is not named."""
    passed = {name: ours[name] for name in (*USUAL, *allowed) if name in ours}
    return passed | {"PATH": search_path(ours), MARK: mark}
