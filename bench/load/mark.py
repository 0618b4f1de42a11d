"""The mark that a publisher puts into a payload and a receiver finds again, whatever the server wraps around it.

A mark is `~`, twenty decimal digits, `~`. The fixed width lets a request be built once, with its Content-Length, and
stamped just before it is written. The number is usually `time.monotonic_ns()`, which Linux shares between processes.
"""

import re

WIDTH = 20
BLANK = b"~" + b"0" * WIDTH + b"~"
PATTERN = re.compile(rb"~(\d{20})~")


def stamp(request: bytes, number: int) -> bytes:
    """The request with its blank mark (or marks) replaced by `number`."""
    return request.replace(BLANK, b"~%020d~" % number)
