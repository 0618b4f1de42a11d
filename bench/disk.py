"""What one durable write costs on this disk: 4 kB appended, then `os.fdatasync`."""

import os
import tempfile
import time
from pathlib import Path

BLOCK = b"\x5a" * 4096
PREALLOCATED = 1024


def fdatasync_times(folder: Path, count: int = 400) -> list[float]:
    """Seconds that each of `count` writes of 4 kB took, with its fdatasync, in a file in `folder`.

    The file is preallocated and rewritten in a circle, as a write-ahead log is after its first checkpoint: an append
    would also journal the file's new size.
    """
    times: list[float] = []
    with tempfile.TemporaryFile(dir=folder) as file:
        number = file.fileno()
        os.write(number, BLOCK * PREALLOCATED)
        os.fsync(number)
        for turn in range(count):
            began = time.perf_counter()
            os.pwrite(number, BLOCK, turn % PREALLOCATED * len(BLOCK))
            os.fdatasync(number)
            times.append(time.perf_counter() - began)
    return times
