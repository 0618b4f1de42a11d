"""The relay's clock as seen from here: a command's deadline is the relay's, and a laptop's clock may be wrong."""

from collections import deque
from typing import Final

from deskbell_wire import clock

SAMPLES: Final = 20
"""Of one ping each 15 s: five minutes. A clock that is set anew is followed after that, or at once when it jumps."""

JUMP_US: Final = 5 * clock.SECOND


class RelayClock:
    """Wall clock plus the offset that `hello` and every `ping` tell (microseconds; positive: the laptop is behind)."""

    def __init__(self, offset_us: int = 0) -> None:
        self.offset_us = offset_us
        self._samples: deque[int] = deque(maxlen=SAMPLES)

    def now_us(self) -> int:
        """Now, by the relay."""
        return clock.now_us() + self.offset_us

    def hear(self, server_time: str) -> None:
        """Take the offset from an instant that the relay just sent. Raises ValueError for what is no instant.

        The way here makes every sample too small, so the largest of the latest is the nearest to the truth.
        """
        sample = clock.from_timestamp(server_time) - clock.now_us()
        if self._samples and abs(sample - self.offset_us) > JUMP_US:
            self._samples.clear()
        self._samples.append(sample)
        self.offset_us = max(self._samples)
