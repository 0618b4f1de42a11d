"""Any mix of publishing, disconnecting, reconnecting and restarting keeps the order, without a hole or a repeat."""

import asyncio
import contextlib
import json
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from relay_rooms import DEV_1, DEV_2, Rooms

from deskbell_wire.event import ServerSentEvent

DEVICES = (DEV_1, DEV_2)


class Reader:
    """A device that keeps its cursor and remembers each event it has seen."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.cursor: str | None = None
        self.seen: list[tuple[str, str]] = []
        self.task: asyncio.Task[None] | None = None
        self.heard = asyncio.Event()

    async def read(self, rooms: Rooms) -> None:
        """Read for ever; a stream that the relay ends (`bye`, when an older one of ours is still open) is opened again."""
        while True:
            async with rooms.stream("acc_1", self.device, self.cursor) as listener:
                with contextlib.suppress(EOFError):
                    while True:
                        self.take(await listener.next(60))

    def take(self, event: ServerSentEvent) -> None:
        assert event.event not in ("gap", "reset")
        if event.event == "approval":
            self.seen.append((event.last_event_id, event.data))
            self.cursor = event.last_event_id
            self.heard.set()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(10):
            while len(self.seen) < count:
                self.heard.clear()
                await self.heard.wait()


class ChannelMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.published: list[str] = []
        self.readers = {device: Reader(device) for device in DEVICES}

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    @initialize()
    def begin(self) -> None:
        async def start() -> None:
            self.rooms = Rooms(Path(self.folder.name))
            await self.rooms.start()
            await self.rooms.add_account("acc_1", *DEVICES)

        self.run(start())

    @rule(count=st.integers(1, 30))
    def publish_together(self, count: int) -> None:
        """Many at once: they are committed in groups, and their order is the order of the log."""

        async def work() -> None:
            words = [json.dumps({"n": f"{len(self.published)}.{n}"}) for n in range(count)]
            seqs = await asyncio.gather(*(self.rooms.channel.publish("acc_1", "approval", word) for word in words))
            assert sorted(seqs) == list(range(len(self.published) + 1, len(self.published) + count + 1))
            self.published += [word for _, word in sorted(zip(seqs, words, strict=True))]

        self.run(work())

    @rule(device=st.sampled_from(DEVICES))
    def connect(self, device: str) -> None:
        reader = self.readers[device]
        if reader.task is None:
            reader.task = self.loop.create_task(reader.read(self.rooms))
            self.run(asyncio.sleep(0))

    @rule(device=st.sampled_from(DEVICES), moment=st.floats(0, 0.01))
    def disconnect(self, device: str, moment: float) -> None:
        """At any moment, also in the middle of a replay."""
        self.run(asyncio.sleep(moment))
        self.run(self._cut(self.readers[device]))

    @rule(device=st.sampled_from(DEVICES), count=st.integers(1, 10))
    def publish_while_connecting(self, device: str, count: int) -> None:
        """The seam between replay and live."""
        self.connect(device)
        self.publish_together(count)

    @rule(politely=st.booleans())
    def restart(self, politely: bool) -> None:
        async def work() -> None:
            for reader in self.readers.values():
                await self._cut(reader)
            await self.rooms.stop(politely=politely)
            await self.rooms.start()

        self.run(work())

    @precondition(lambda self: any(reader.task for reader in self.readers.values()))
    @rule()
    def everything_arrives(self) -> None:
        async def work() -> None:
            for reader in self.readers.values():
                if reader.task is not None:
                    await reader.until(len(self.published))

        self.run(work())

    @invariant()
    def in_order_without_hole_or_repeat(self) -> None:
        for reader in self.readers.values():
            expected = [(f"e1-{n}", word) for n, word in enumerate(self.published[: len(reader.seen)], 1)]
            assert reader.seen == expected
            if reader.task is not None and reader.task.done():
                reader.task.result()

    async def _cut(self, reader: Reader) -> None:
        if reader.task is not None:
            reader.task.cancel()
            await asyncio.gather(reader.task, return_exceptions=True)
            reader.task = None

    def teardown(self) -> None:
        if hasattr(self, "rooms"):
            for reader in self.readers.values():
                self.run(self._cut(reader))
            self.run(self.rooms.stop())
        self.loop.close()
        self.folder.cleanup()


ChannelMachine.TestCase.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
test_channel = ChannelMachine.TestCase
