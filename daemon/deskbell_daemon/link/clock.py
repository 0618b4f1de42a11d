"""The relay's clock as seen from here: a command's deadline is the relay's, and a laptop's clock may be wrong."""

from deskbell_wire import clock


class RelayClock:
    """Wall clock plus the offset that `hello` and every `ping` tell (microseconds; positive: the laptop is behind)."""

    def __init__(self, offset_us: int = 0) -> None:
        self.offset_us = offset_us

    def now_us(self) -> int:
        """Now, by the relay."""
        return clock.now_us() + self.offset_us

    def hear(self, server_time: str) -> None:
        """Take the offset from an instant that the relay just sent. Raises ValueError for what is no instant."""
        self.offset_us = clock.from_timestamp(server_time) - clock.now_us()
