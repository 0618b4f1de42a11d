"""A temporary folder on a real disk: what is durable must be measured where it is."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_DISK = Path("/var/tmp")  # kept over a restart (Filesystem Hierarchy Standard 5.15), so not in memory as /tmp may be


def disk() -> Path:
    """The folder that holds every scratch folder: /var/tmp where there is one."""
    return _DISK if _DISK.is_dir() else Path(tempfile.gettempdir())


def scratch(name: str) -> Path:
    """A new folder of that name on the disk; whoever asks removes it."""
    return Path(tempfile.mkdtemp(prefix=f"deskbell-bench-{name}-", dir=disk()))


@contextmanager
def scratch_folder(name: str) -> Iterator[Path]:
    """The same, removed after the block."""
    folder = scratch(name)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
