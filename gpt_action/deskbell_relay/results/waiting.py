"""Requests that wait for a command to finish, and those that want to hear how far it is."""

import asyncio
from collections import defaultdict
from collections.abc import Callable

from deskbell_relay.channel.bus import Advanced, Hint, Settled
from deskbell_wire.result import Progress, Result

Watch = Callable[[Progress], None]
"""Hears a device's progress; must be quick and must not raise."""


class Waiting:
    """Who waits for which command, in this process."""

    def __init__(self) -> None:
        self._futures: defaultdict[str, set[asyncio.Future[Result | None]]] = defaultdict(set)
        self._watches: dict[asyncio.Future[Result | None], Watch] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    async def idle(self) -> None:
        """Wait until nobody waits."""
        await self._idle.wait()

    def expect(self, command_id: str, watch: Watch | None = None) -> "Expectation":
        """Begin to listen, before the command's state is looked at, so that nothing falls between the two."""
        return Expectation(self, command_id, watch)

    def is_awaited(self, command_id: str) -> bool:
        """Whether a request of this process waits for the command."""
        return command_id in self._futures

    def hear(self, hint: Hint) -> None:
        """Take a hint of the bus."""
        if isinstance(hint, Settled):
            for future in self._futures.pop(hint.command_id, ()):
                if not future.done():
                    future.set_result(hint.result)
        elif isinstance(hint, Advanced) and self._watches:
            for future in self._futures.get(hint.command_id, ()):
                watch = self._watches.get(future)
                if watch is not None:
                    watch(hint.progress)

    def release(self) -> None:
        """Let all who wait go with what there is: the relay stops."""
        for futures in self._futures.values():
            for future in futures:
                if not future.done():
                    future.set_result(None)
        self._futures.clear()

    def add(self, command_id: str, future: "asyncio.Future[Result | None]", watch: Watch | None) -> None:
        """Have `future` set when the command settles, and `watch` called until then."""
        self._futures[command_id].add(future)
        if watch is not None:
            self._watches[future] = watch
        self._idle.clear()

    def discard(self, command_id: str, future: "asyncio.Future[Result | None]") -> None:
        """Stop listening."""
        self._watches.pop(future, None)
        futures = self._futures.get(command_id)
        if futures is not None:
            futures.discard(future)
            if not futures:
                del self._futures[command_id]
        if not self._futures:
            self._idle.set()


class Expectation:
    """One request's wait; a context manager."""

    __slots__ = ("_command_id", "_future", "_waiting", "_watch")

    def __init__(self, waiting: Waiting, command_id: str, watch: Watch | None) -> None:
        self._waiting = waiting
        self._command_id = command_id
        self._watch = watch
        self._future: asyncio.Future[Result | None] = asyncio.get_running_loop().create_future()

    def __enter__(self) -> "Expectation":
        self._waiting.add(self._command_id, self._future, self._watch)
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting.discard(self._command_id, self._future)

    async def settled(self, timeout_s: float) -> Result | None:
        """The result as it came along with the hint; None after `timeout_s`, or when it has to be read."""
        if timeout_s <= 0:
            return None
        done, _ = await asyncio.wait((self._future,), timeout=timeout_s)
        return self._future.result() if done else None
