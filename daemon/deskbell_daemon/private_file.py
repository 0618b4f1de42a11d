"""Small private files, written so that a crash leaves the old one or the new one: 0600 in a 0700 folder."""

import os
import tempfile
from pathlib import Path

from deskbell_wire.errors import Problem


def make_private_folder(folder: Path) -> None:
    """Make `folder`, and take other people's rights off it. Raises Problem `folder_not_writable`."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name == "posix" and folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise Problem(
            "folder_not_writable", f"The folder {folder} cannot be made private: {error.strerror or error}."
        ) from error


def write_private(path: Path, text: str) -> None:
    """Replace `path` by `text`, synced before the rename and the folder after it.

    Raises Problem `disk_full` or `folder_not_writable`, with the path.
    """
    make_private_folder(path.parent)
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600 by itself
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
        temporary = None
        sync_folder(path.parent)
    except OSError as error:
        code = "disk_full" if error.errno in FULL_ERRORS else "folder_not_writable"
        raise Problem(code, f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make a rename or a removal in `folder` survive a power cut, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _full_errors() -> frozenset[int]:
    import errno

    return frozenset({errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC})


FULL_ERRORS = _full_errors()
