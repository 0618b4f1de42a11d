"""Versions: what a note was before each change, kept in `.deskbell/versions` under the SHA-256 of its content."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from deskbell_daemon.notes.document import digest
from deskbell_daemon.notes.folder import Folder
from deskbell_wire.errors import Problem

FOLDER: Final = ".deskbell/versions"
TEMP: Final = ".deskbell/temp"


class Versions:
    """Content by digest, for several threads."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._in_use: dict[str, int] = {}

    @contextmanager
    def kept(self, content_digest: str, data: bytes) -> Iterator[None]:
        """Makes `data` durable; inside, `prune` spares it, so that the journal can come to name it."""
        with self._lock:
            self._in_use[content_digest] = self._in_use.get(content_digest, 0) + 1
        try:
            self._put(content_digest, data)
            yield
        finally:
            with self._lock:
                self._in_use[content_digest] -= 1
                if not self._in_use[content_digest]:
                    del self._in_use[content_digest]

    def get(self, content_digest: str) -> bytes:
        """Raises Problem `nothing_to_undo` when this version is no longer kept, or was tampered with."""
        try:
            data, _ = self._folder.read(f"{FOLDER}/{content_digest}.md")
        except FileNotFoundError as error:
            raise Problem("nothing_to_undo", "The version before that change is no longer kept.") from error
        if digest(data) != content_digest:
            raise Problem("nothing_to_undo", "The kept version before that change was altered and is not trusted.")
        return data

    def prune(self, wanted: Callable[[], set[str]]) -> int:
        """Deletes versions that `wanted()` does not name; how many."""
        with self._lock:
            named = wanted() | set(self._in_use)
            gone = [e.name for e in self._folder.entries(FOLDER) if e.name.removesuffix(".md") not in named]
            for name in gone:
                self._folder.remove(f"{FOLDER}/{name}")
        return len(gone)

    def _put(self, content_digest: str, data: bytes) -> None:
        path = f"{FOLDER}/{content_digest}.md"
        stamp = self._folder.stamp(path)
        if stamp is not None and stamp.size == len(data):
            return
        temp = f"{TEMP}/version-{content_digest}-{threading.get_ident()}"
        self._folder.write(temp, data)
        self._folder.replace(temp, path)
        self._folder.sync(FOLDER)
