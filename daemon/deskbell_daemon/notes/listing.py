"""The listing: which names stand in a folder, so that a twin in case or Unicode form is found before a note is made.

A folder is listed again when its modification time moved; our own additions are noted, so that the thousandth note of a
morning costs as little as the first. Nothing depends on it for safety: the disk itself refuses to overwrite.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from deskbell_daemon.notes.folder import Folder
from deskbell_daemon.notes.names import join, key, split

KEPT_FOLDERS: Final = 500


@dataclass(slots=True)
class _Names:
    lock: threading.Lock = field(default_factory=threading.Lock)
    mtime_ns: int = -1
    by_key: dict[str, str] = field(default_factory=dict)


class Listing:
    """Names by folder, for several threads."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._known: dict[str, _Names] = {}

    @contextmanager
    def adding(self, path: str) -> Iterator[str | None]:
        """Holds the folder of `path` still among our threads, and gives the path that stands there already, if any.

        Whoever adds the name does it inside. Raises FileNotFoundError when the folder is not there.
        """
        parent, name = split(path)
        names = self._names(parent)
        with names.lock:
            self._refresh(parent, names)
            twin = names.by_key.get(key(name))
            yield join(parent, twin) if twin is not None else None
            if twin is None:
                names.by_key[key(name)] = name
                names.mtime_ns = self._folder.folder_mtime(parent) or -1

    def find(self, path: str) -> str | None:
        """The path as it stands on the disk, with each part matched in any case and Unicode form; None: not there."""
        found = ""
        for part in path.split("/"):
            names = self._names(found)
            with names.lock:
                try:
                    self._refresh(found, names)
                except FileNotFoundError:
                    return None
                name = names.by_key.get(key(part))
            if name is None:
                return None
            found = join(found, name)
        return found

    def _names(self, parent: str) -> _Names:
        with self._lock:
            if len(self._known) > KEPT_FOLDERS:
                self._known = {path: names for path, names in self._known.items() if names.lock.locked()}
            return self._known.setdefault(parent, _Names())

    def _refresh(self, parent: str, names: _Names) -> None:
        mtime_ns = self._folder.folder_mtime(parent)
        if mtime_ns is None:
            raise FileNotFoundError(parent)
        if mtime_ns != names.mtime_ns:
            names.by_key = {key(entry.name): entry.name for entry in self._folder.entries(parent)}
            names.mtime_ns = mtime_ns
