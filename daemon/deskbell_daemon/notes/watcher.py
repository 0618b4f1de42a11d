"""The watcher: tells the index about files that a person changes by hand.

Each folder is watched for itself: a recursive watch would follow links out of the notes folder, and see our own `.deskbell`.
"""

import threading
from typing import Final

import structlog
from watchfiles import watch

from deskbell_daemon.notes.index import Index
from deskbell_wire.errors import Problem

POLL_S: Final = 5.0
"""How often the folder is looked through where the system grants no watch."""
STEP_MS: Final = 50
DEBOUNCE_MS: Final = 400
SETTLE_MS: Final = 1_000
"""A watch that has begun is followed by one scan, for what happened while there was none."""

_log = structlog.get_logger(__name__)


class Watcher:
    """One thread: the first scan, then changes as they come. `scanned` is set once the first scan is done."""

    def __init__(self, index: Index, root: str) -> None:
        self._index = index
        self._root = root
        self._stop = threading.Event()
        self.scanned = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notes-watcher", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._scan()
        finally:
            self.scanned.set()
        while not self._stop.is_set():
            try:
                self._watch()
            except (Problem, OSError, RuntimeError) as error:
                # No watches left, or a folder went away meanwhile: look again from time to time instead.
                _log.warning("notes_not_watched", error=str(error))
                self._stop.wait(POLL_S)
                self._scan()

    def _scan(self) -> None:
        try:
            self._index.scan()
        except Problem as error:
            _log.warning("notes_not_scanned", error=error.detail)

    def _watch(self) -> None:
        """Watches the folders there are, until there are others."""
        folders = self._index.folders()
        places = [f"{self._root}/{folder}" if folder else self._root for folder in folders or [""]]
        settled = False
        for changes in watch(
            *places,
            watch_filter=None,
            recursive=False,
            step=STEP_MS,
            debounce=DEBOUNCE_MS,
            rust_timeout=SETTLE_MS,
            yield_on_timeout=True,
            stop_event=self._stop,
            raise_interrupt=False,
        ):
            if not settled:
                self._index.scan()
                settled = True
            if changes:
                self._index.notice({path[len(self._root) + 1 :].replace("\\", "/") for _, path in changes})
            if self._index.folders() != folders:
                return
