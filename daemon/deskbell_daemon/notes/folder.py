"""The folder: every touch of the disk, none of which can leave the notes folder, not even while links are being swapped.

On POSIX a path is walked part by part with directory handles and O_NOFOLLOW, so that there is no moment between check and
use. Links are refused even when they lead to a place inside: a rule without exceptions can be tested. Where handles are
missing (Windows) each part is checked for links and the resolved place must lie inside (`walk.Resolved`).
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deskbell_daemon.notes.faults import problem
from deskbell_daemon.notes.names import short
from deskbell_daemon.notes.walk import Place, Walk, walk_for
from deskbell_wire.errors import Problem

MAX_FILE_BYTES: Final = 20_000_000
NEW_FILE_MODE: Final = 0o644
_READ: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
"""What a file system without hard links (FAT, some network shares) answers to link()."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells that a file changed without reading it."""

    mtime_ns: int
    size: int
    inode: int
    mode: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Stamp":
        return cls(status.st_mtime_ns, status.st_size, status.st_ino, stat.S_IMODE(status.st_mode))


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder; links and special files are left out."""

    name: str
    is_folder: bool
    stamp: Stamp | None = None


class Folder:
    """The notes folder. Paths are relative, with `/`; every method raises only Problem or FileNotFoundError/FileExistsError."""

    def __init__(self, root: Path, walk: Walk | None = None) -> None:
        """Raises Problem `folder_not_writable` when `root` is no folder."""
        try:
            self.root = root.resolve(strict=True)
            self._walk = walk or walk_for(self.root)
        except OSError as error:
            raise Problem(
                "folder_not_writable", f"The notes folder {short(str(root))} cannot be opened: {error.strerror}."
            ) from error

    def close(self) -> None:
        self._walk.close()

    def read(self, path: str) -> tuple[bytes, Stamp]:
        """The whole file. Raises Problem `unreadable_note` for what is no plain file or above 20 MB."""
        with self._at(path) as place:
            descriptor = os.open(place.name, _READ, dir_fd=place.handle)
            try:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise Problem("unreadable_note", f"{short(path)} is not a plain file.")
                if status.st_size > MAX_FILE_BYTES:
                    raise Problem(
                        "unreadable_note", f"{short(path)} has {status.st_size:,} bytes; 20,000,000 is the most."
                    )
                parts = []
                while part := os.read(descriptor, status.st_size + 1):
                    parts.append(part)
                return b"".join(parts), Stamp.of(status)
            finally:
                os.close(descriptor)

    def stamp(self, path: str) -> Stamp | None:
        """The stamp of the plain file at `path`; None when there is none."""
        try:
            with self._at(path) as place:
                status = os.stat(place.name, dir_fd=place.handle, follow_symlinks=False)
        except FileNotFoundError:
            return None
        return Stamp.of(status) if stat.S_ISREG(status.st_mode) else None

    def folder_mtime(self, path: str) -> int | None:
        """When a name was last added to or taken from this folder, in nanoseconds; None when there is no such folder."""
        try:
            with self._within(path) as place:
                return os.stat(place.name, dir_fd=place.handle, follow_symlinks=False).st_mtime_ns
        except FileNotFoundError:
            return None

    def entries(self, path: str, *, stamps: bool = False) -> list[Entry]:
        """The folder's files and folders, hidden ones too, links and special files not; in no order.

        With `stamps` each file brings its own; one that vanished meanwhile is left out.
        """
        with (
            self._within(path) as place,
            os.scandir(place.handle if place.handle is not None else place.name) as listing,
        ):
            found = []
            for item in listing:
                if item.is_dir(follow_symlinks=False):
                    found.append(Entry(item.name, True))
                elif item.is_file(follow_symlinks=False):
                    try:
                        stamp = Stamp.of(item.stat(follow_symlinks=False)) if stamps else None
                    except FileNotFoundError:
                        continue
                    found.append(Entry(item.name, False, stamp))
            return found

    def make_folder(self, path: str) -> None:
        """Makes one folder, whose parent is there, and syncs the parent. There already: fine."""
        with self._at(path) as place:
            try:
                os.mkdir(place.name, 0o755, dir_fd=place.handle)
            except FileExistsError:
                return
            place.sync()

    def write(self, path: str, data: bytes, mode: int | None = None) -> None:
        """Writes a file that must not be there yet, and syncs its content (its name only with `sync`).

        `mode` as it is, or 0644 less the umask. After a failure nothing is left behind.
        """
        with self._at(path) as place:
            descriptor = os.open(place.name, _WRITE, NEW_FILE_MODE if mode is None else 0o600, dir_fd=place.handle)
            try:
                try:
                    rest = memoryview(data)
                    while rest:
                        rest = rest[os.write(descriptor, rest) :]
                    if mode is not None and hasattr(os, "fchmod"):
                        os.fchmod(descriptor, mode)
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
            except OSError:
                os.unlink(place.name, dir_fd=place.handle)
                raise

    def replace(self, source: str, target: str) -> None:
        """Puts `source` in the place of `target` in one step. The name is durable after `sync`."""
        with self._at(source) as old, self._at(target) as new:
            os.replace(old.name, new.name, src_dir_fd=old.handle, dst_dir_fd=new.handle)

    def move(self, source: str, target: str) -> None:
        """Moves a file to a name that must be free. Raises FileExistsError. Durable after `sync` of both folders.

        By link and unlink, because rename would overwrite what a person has just put there.
        """
        with self._at(source) as old, self._at(target) as new:
            try:
                self._link(old, new)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                # No hard links here: take the name with an empty file that only we can have made, then rename over it.
                os.close(os.open(new.name, _WRITE, NEW_FILE_MODE, dir_fd=new.handle))
                os.replace(old.name, new.name, src_dir_fd=old.handle, dst_dir_fd=new.handle)
            else:
                os.unlink(old.name, dir_fd=old.handle)

    def remove(self, path: str) -> None:
        """Deletes a file of ours; fine when it is not there."""
        with contextlib.suppress(FileNotFoundError), self._at(path) as place:
            os.unlink(place.name, dir_fd=place.handle)

    def sync(self, path: str) -> None:
        """Makes the names in this folder durable."""
        with self._within(path) as place:
            place.sync_within()

    @staticmethod
    def _link(old: Place, new: Place) -> None:
        # Where the flag is unknown (Windows) the walk has already refused links.
        follow = os.link not in os.supports_follow_symlinks
        os.link(old.name, new.name, src_dir_fd=old.handle, dst_dir_fd=new.handle, follow_symlinks=follow)

    @contextlib.contextmanager
    def _at(self, path: str) -> Iterator[Place]:
        """The place of a file: the handle of its folder and its name."""
        try:
            with self._walk.to_file(path) as place:
                yield place
        except (FileNotFoundError, FileExistsError):
            raise
        except OSError as error:
            raise problem(error, path) from error

    @contextlib.contextmanager
    def _within(self, path: str) -> Iterator[Place]:
        """The place of a folder itself."""
        try:
            with self._walk.to_folder(path) as place:
                yield place
        except (FileNotFoundError, FileExistsError):
            raise
        except OSError as error:
            raise problem(error, path) from error
