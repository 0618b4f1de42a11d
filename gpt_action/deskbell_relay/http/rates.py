"""Rate limits, counted by the `limits` library in fixed windows: the cheapest of its ways, since every request is counted.

Round the end of a window up to twice the amount can pass; the burst part of a rate bounds that.
"""

import math
import time
from functools import lru_cache

from limits import RateLimitItem, parse_many
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from deskbell_wire.errors import Problem


class Rates:
    """Counts hits by key; `storage` is the library's, in memory or shared."""

    def __init__(self, storage: Storage) -> None:
        self._windows = FixedWindowRateLimiter(storage)

    def hit(self, rate: str, *key: str) -> None:
        """Count one hit of `key` against `rate`, such as `60/minute;20/second`.

        Raises Problem `rate_limited`, with Retry-After in whole seconds, when any of its parts is used up.
        """
        for item in parse(rate):
            if not self._windows.hit(item, *key):
                reset_at, _ = self._windows.get_window_stats(item, *key)
                seconds = max(1, math.ceil(reset_at - time.time()))
                raise Problem(
                    "rate_limited",
                    f"More than {item.amount} requests in {item.get_expiry()} s; the next one is welcome in {seconds} s.",
                    headers={"Retry-After": str(seconds)},
                    retry_after_s=seconds,
                )


@lru_cache(maxsize=64)
def parse(rate: str) -> tuple[RateLimitItem, ...]:
    """The parts of a rate in the library's notation, shortest window last."""
    return tuple(parse_many(rate))
