"""How long to wait before the next try: exponential with full jitter, never earlier than the relay asked for."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_ASKED_S = 600.0
"""A relay that asks for a longer pause than this is not obeyed: it would be a way to switch a device off."""


class Backoff:
    """Counts failures in a row. Source: AWS Architecture Blog, "Exponential Backoff And Jitter" (full jitter)."""

    def __init__(self, first_s: float, last_s: float, draw: Callable[[float, float], float] = random.uniform) -> None:
        self._first_s = first_s
        self._last_s = last_s
        self._draw = draw
        self.failures = 0

    def next_s(self, at_least_s: float = 0.0) -> float:
        """Seconds until the next try; the jitter comes on top of `at_least_s`."""
        ceiling = min(self._last_s, self._first_s * 2 ** min(self.failures, 30))
        self.failures += 1
        return min(at_least_s, MAX_ASKED_S) + self._draw(0.0, ceiling)

    def reset(self) -> None:
        self.failures = 0


def retry_after_s(value: str | None) -> float:
    """`Retry-After` in seconds from now (RFC 9110 section 10.2.3); 0 for none and for nonsense."""
    if not value:
        return 0.0
    if value.isascii() and value.isdigit():
        return float(min(int(value[:9]), MAX_ASKED_S))
    try:
        instant = parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return max(0.0, min((instant - datetime.now(UTC)).total_seconds(), MAX_ASKED_S))
