"""Time on the wire: RFC 3339 in UTC with microseconds; inside, integers of microseconds since the epoch."""

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated

from pydantic import StringConstraints

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Timestamp = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$", max_length=27),
]
"""An instant on the wire, such as `2026-11-24T13:52:35.123456Z`."""


def now_us() -> int:
    """The wall clock, in microseconds since the epoch."""
    return time.time_ns() // 1000


def to_timestamp(us: int) -> str:
    """`us` microseconds since the epoch as RFC 3339 with exactly six decimals and `Z`."""
    seconds, rest = divmod(us, SECOND)
    return f"{_to_second(seconds)}.{rest:06}Z"


@lru_cache(maxsize=256)  # a busy second is written thousands of times
def _to_second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def from_timestamp(text: str) -> int:
    """Microseconds since the epoch of an RFC 3339 instant.

    Raises ValueError when `text` is no instant or names no offset.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text!r} names no offset from UTC")
    return (instant - _EPOCH) // timedelta(microseconds=1)
