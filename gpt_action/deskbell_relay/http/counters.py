"""Where rates are counted in one process: a dictionary, on the event loop's thread alone.

The library's own `MemoryStorage` starts a thread a hit to look for what has expired, 0.13 ms of each request; here the
next hit after a while looks.
"""

import time
from typing import Final

from limits.storage import Storage

SWEEP_S: Final = 60
"""How often what has expired is let go of: strangers choose some of the keys."""


class Counters(Storage):
    """Fixed windows: a key's count, and when its window ends by the clock that nobody sets."""

    STORAGE_SCHEME = None  # made here, never from an address

    def __init__(self) -> None:
        super().__init__()
        self._windows: dict[str, tuple[int, float]] = {}
        self._sweep_at = time.monotonic() + SWEEP_S

    def __len__(self) -> int:
        """How many windows it remembers."""
        return len(self._windows)

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        now = time.monotonic()
        if now >= self._sweep_at:
            self._sweep(now)
        count, ends_at = self._windows.get(key, (0, 0.0))
        if ends_at <= now:
            count, ends_at = 0, now + expiry
        self._windows[key] = (count + amount, ends_at)
        return count + amount

    def get(self, key: str) -> int:
        count, ends_at = self._windows.get(key, (0, 0.0))
        return count if ends_at > time.monotonic() else 0

    def get_expiry(self, key: str) -> float:
        _, ends_at = self._windows.get(key, (0, 0.0))
        return time.time() + max(0.0, ends_at - time.monotonic())  # the library speaks Unix time

    def check(self) -> bool:
        return True

    def reset(self) -> int | None:
        count = len(self._windows)
        self._windows.clear()
        return count

    def clear(self, key: str) -> None:
        self._windows.pop(key, None)

    def _sweep(self, now: float) -> None:
        self._sweep_at = now + SWEEP_S
        self._windows = {key: window for key, window in self._windows.items() if window[1] > now}
