"""The walk from the notes folder to a place inside it: by directory handles, or by resolving and checking on Windows."""

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from deskbell_daemon.notes.names import short
from deskbell_wire.errors import Problem

_FOLDER: Final = (
    os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: `name` as seen from the folder `handle`, or a whole path when there is no handle."""

    handle: int | None
    name: str

    def sync(self) -> None:
        """Makes the names beside this place durable. Windows has no such call: NTFS keeps its own journal of names."""
        if self.handle is not None:
            os.fsync(self.handle)

    sync_within = sync
    """For a folder's own place (`name` is '.'), the handle is the folder itself."""


class Walk(Protocol):
    """A way to get to a place inside the folder. Raises OSError, and Problem `outside_folder` at a link."""

    def to_file(self, path: str) -> contextlib.AbstractContextManager[Place]: ...

    def to_folder(self, path: str) -> contextlib.AbstractContextManager[Place]: ...

    def close(self) -> None: ...


class Handles:
    """Opens each part relative to the one before, never through a link."""

    def __init__(self, root: Path) -> None:
        self._root = os.open(root, _FOLDER)

    def close(self) -> None:
        # Once only: the number may belong to another file by then.
        if self._root >= 0:
            os.close(self._root)
            self._root = -1

    @contextlib.contextmanager
    def to_file(self, path: str) -> Iterator[Place]:
        parent, _, name = path.rpartition("/")
        if not parent:
            yield Place(self._root, name)
            return
        handle = self._open(parent)
        try:
            yield Place(handle, name)
        finally:
            os.close(handle)

    @contextlib.contextmanager
    def to_folder(self, path: str) -> Iterator[Place]:
        if not path:
            yield Place(self._root, ".")
            return
        handle = self._open(path)
        try:
            yield Place(handle, ".")
        finally:
            os.close(handle)

    def _open(self, path: str) -> int:
        handle = self._root
        try:
            for part in path.split("/"):
                try:
                    inner = os.open(part, _FOLDER, dir_fd=handle)
                except NotADirectoryError as error:
                    # With O_DIRECTORY Linux reports a link as "not a directory", not as ELOOP.
                    if stat.S_ISLNK(os.stat(part, dir_fd=handle, follow_symlinks=False).st_mode):
                        raise _link(path) from error
                    raise
                if handle != self._root:
                    os.close(handle)
                handle = inner
        except BaseException:
            if handle != self._root:
                os.close(handle)
            raise
        return handle


class Resolved:
    """Checks each part for links and junctions, then that the resolved place is inside. For systems without handles."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def close(self) -> None:
        """Holds nothing open."""

    @contextlib.contextmanager
    def to_file(self, path: str) -> Iterator[Place]:
        yield Place(None, self._checked(path))

    @contextlib.contextmanager
    def to_folder(self, path: str) -> Iterator[Place]:
        place = self._checked(path)
        if not Path(place).is_dir():
            raise FileNotFoundError(path)
        yield Place(None, place)

    def _checked(self, path: str) -> str:
        place = self._root
        for part in filter(None, path.split("/")):
            place /= part
            if place.is_symlink() or getattr(place, "is_junction", bool)():
                raise _link(path)
        if not place.resolve().is_relative_to(self._root):
            raise _link(path)
        return str(place)


def walk_for(root: Path) -> Walk:
    """The safest walk that this system offers."""
    return Handles(root) if os.open in os.supports_dir_fd else Resolved(root)


def _link(path: str) -> Problem:
    return Problem("outside_folder", f"{short(path)} leads through a link; Deskbell follows none in the notes folder.")
