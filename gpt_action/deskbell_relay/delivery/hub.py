"""All open streams of this process: fan-out of new events, replay of what a stream has missed, one heartbeat for all."""

import asyncio
from collections import defaultdict

import structlog

from deskbell_relay.channel.bus import Grown, Hint, Revoked
from deskbell_relay.channel.channel import Channel
from deskbell_relay.delivery.frames import chunk, event_frame, notice
from deskbell_relay.delivery.sent import Sent
from deskbell_relay.delivery.stream import Stream
from deskbell_relay.http.metrics import Metrics
from deskbell_relay.settings import Settings
from deskbell_wire.clock import now_us, to_timestamp
from deskbell_wire.errors import Problem
from deskbell_wire.stream import Bye, Ping

log = structlog.get_logger()

REPLAY_PAGE = 200
"""Events read at once while a stream catches up."""

REPLAY_STALL_S = 30
"""A replay whose reader takes nothing for so long is given up; its cursor brings it back."""

RECONNECT_WITHIN_S = 5


class Hub:
    """Holds the streams, by account."""

    def __init__(self, channel: Channel, sent: Sent, settings: Settings, metrics: Metrics) -> None:
        self._channel = channel
        self._sent = sent
        self._settings = settings
        self._metrics = metrics
        self._streams: defaultdict[str, list[Stream]] = defaultdict(list)
        self._by_device: defaultdict[str, list[Stream]] = defaultdict(list)
        self._replays: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return sum(map(len, self._streams.values()))

    def is_online(self, device_id: str) -> bool:
        """Whether the device holds a stream in this process."""
        return device_id in self._by_device

    def device_ids(self) -> list[str]:
        """The devices that hold a stream in this process."""
        return list(self._by_device)

    def admit(self, stream: Stream) -> None:
        """Register a stream before its replay starts, so that nothing falls between the two.

        A device's oldest stream gives way to its newest: it is most often a dead connection that nobody closed.
        Raises Problem too_many_streams when the account holds as many as it may.
        """
        own = self._by_device[stream.device_id]
        while len(own) >= self._settings.streams_per_device:
            self._leave(own[0], "replaced")
        if len(self._streams[stream.account_id]) >= self._settings.streams_per_account:
            raise Problem(
                "too_many_streams",
                f"This account already holds {self._settings.streams_per_account} streams.",
                headers={"Retry-After": "30"},
            )
        self._streams[stream.account_id].append(stream)
        own.append(stream)
        self._metrics.streams.inc()

    def dismiss(self, stream: Stream) -> None:
        """Forget a stream; again does nothing."""
        for table, key in ((self._streams, stream.account_id), (self._by_device, stream.device_id)):
            streams = table.get(key)
            if streams is None:
                continue
            if stream in streams:
                streams.remove(stream)
                if table is self._streams:
                    self._metrics.streams.dec()
            if not streams:
                del table[key]
        stream.end()

    def hear(self, hint: Hint) -> None:
        """Take a hint of the bus."""
        if isinstance(hint, Grown):
            self._grown(hint)
        elif isinstance(hint, Revoked):
            for stream in list(self._by_device.get(hint.credential_id, ())):
                self._leave(stream, "revoked")

    def _grown(self, hint: Grown) -> None:
        streams = self._streams.get(hint.account_id)
        if not streams:
            return
        appended = hint.appended
        if appended is None:
            for stream in streams:
                self._behind(stream, hint.seq)
            return
        seq, entry = appended.seq, appended.entry
        prepared = chunk(event_frame(self._channel.epoch, seq, entry.type, entry.data))
        most = self._settings.stream_buffer
        written: list[Stream] = []
        for stream in streams:
            if stream.replaying or seq != stream.position + 1:
                self._behind(stream, seq)
            elif stream.write(prepared):
                stream.position = stream.newest = seq
                written.append(stream)
        self._metrics.deliveries.inc(len(written))
        if entry.command is not None and any(stream.device_id == entry.command.device_id for stream in written):
            self._sent.live(entry.command.id, hint.durable_us)
        for stream in written:
            if stream.unread > most:
                self._drop_slow(stream)

    def _behind(self, stream: Stream, seq: int) -> None:
        """The log has reached `seq`; a stream that is not there reads what it lacks."""
        stream.newest = max(stream.newest, seq)
        if stream.newest > stream.position and not stream.replaying:
            stream.replaying = True
            task = asyncio.create_task(self._catch_up(stream))
            self._replays.add(task)
            task.add_done_callback(self._replays.discard)

    async def _catch_up(self, stream: Stream) -> None:
        try:
            await self.replay(stream)
        except (Problem, ConnectionError, TimeoutError) as error:
            log.info("replay_ended", device=stream.device_id, reason=str(error) or type(error).__name__)
            stream.abort()

    async def replay(self, stream: Stream) -> None:
        """Write everything after the stream's position, then let it go live.

        There is no `await` between the last look at `newest` and going live, and a live event that came before is in
        `newest`: so the seam has neither a hole nor a repeat. Raises TimeoutError when the reader takes nothing.
        """
        start = stream.position
        while stream.is_open:
            announced = stream.newest  # before the read: what is announced during it may not be in the page
            page = await self._channel.after(stream.account_id, stream.position, REPLAY_PAGE)
            if page:
                frames = b"".join(event_frame(self._channel.epoch, seq, kind, data) for seq, kind, data in page)
                async with asyncio.timeout(REPLAY_STALL_S):
                    await stream.response.write(frames)
                stream.position = page[-1][0]
                self._metrics.deliveries.inc(len(page))
            elif announced > stream.position:  # announced before, and not there: the retention was faster
                stream.position = announced
            elif stream.newest <= stream.position:
                break
        stream.newest = stream.position
        stream.replaying = False
        if stream.position > start:
            self._sent.replayed(stream.device_id, start, stream.position)

    def _drop_slow(self, stream: Stream) -> None:
        log.info("slow_reader", device=stream.device_id, account=stream.account_id)
        self._metrics.slow_readers.inc()
        stream.abort()
        self.dismiss(stream)

    def _leave(self, stream: Stream, reason: str) -> None:
        bye = Bye.model_validate({"reason": reason, "reconnect_within_s": RECONNECT_WITHIN_S})
        stream.write(chunk(notice("bye", bye.model_dump())))
        self.dismiss(stream)

    async def beat(self) -> None:
        """One heartbeat: a ping on every stream, and a look whether a hint was lost."""
        prepared = chunk(notice("ping", Ping(server_time=to_timestamp(now_us())).model_dump()))
        buffer = self._settings.stream_buffer
        for count, stream in enumerate([s for streams in self._streams.values() for s in streams], 1):
            if stream.is_open and stream.write(prepared) and stream.unread > buffer:
                self._drop_slow(stream)
            if count % 500 == 0:
                await asyncio.sleep(0)  # let commands pass between two slices of a thousand pings
        accounts = list(self._streams)
        for start in range(0, len(accounts), 500):
            for account_id, head in (await self._channel.heads(accounts[start : start + 500])).items():
                for stream in self._streams.get(account_id, ()):
                    self._behind(stream, head)

    async def drain(self) -> None:
        """Say `bye` on every stream and end them all."""
        for stream in [s for streams in self._streams.values() for s in streams]:
            self._leave(stream, "draining")
        for task in list(self._replays):
            task.cancel()
        await asyncio.gather(*self._replays, return_exceptions=True)
