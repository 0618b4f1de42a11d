"""`GET /v1/stream`: a device's stream from the first byte to the last."""

import asyncio
import contextlib

import structlog
from aiohttp import web

from deskbell_relay.channel.channel import Channel
from deskbell_relay.channel.log import Extent
from deskbell_relay.delivery.frames import notice
from deskbell_relay.delivery.hub import REPLAY_STALL_S, Hub
from deskbell_relay.delivery.presence import Presence
from deskbell_relay.delivery.stream import Stream
from deskbell_relay.http.responses import SECURITY_HEADERS
from deskbell_relay.http.route import Call, Route
from deskbell_relay.settings import Settings
from deskbell_wire.clock import now_us, to_timestamp
from deskbell_wire.errors import Problem
from deskbell_wire.event import Cursor
from deskbell_wire.stream import Gap, Hello, Reset
from deskbell_wire.version import WIRE_VERSION

log = structlog.get_logger()

RETRY_MS = 1_000
HEADERS = SECURITY_HEADERS | {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",  # nginx would hold frames back
}


class StreamApi:
    """The stream's one route."""

    def __init__(self, channel: Channel, hub: Hub, presence: Presence, settings: Settings) -> None:
        self._channel = channel
        self._hub = hub
        self._presence = presence
        self._settings = settings

    def routes(self) -> list[Route]:
        """This room's rows of the route table."""
        return [Route("GET", "/v1/stream", self.stream, "stream", summary="The device's stream of events")]

    async def stream(self, call: Call) -> web.StreamResponse:
        """Open the stream: hello, then `gap` or `reset` if the cursor asks for it, then replay, then live."""
        principal, device_id = call.who, call.device
        cursor = requested_cursor(call.request)
        transport = call.request.transport
        if transport is None:
            raise ConnectionResetError("the device has gone already")
        response = web.StreamResponse(headers=HEADERS | {"X-Request-Id": call.request_id})
        response.enable_chunked_encoding()
        # Admitted with the position of the moment, before the log is read: what comes meanwhile is noted, not lost.
        stream = Stream(principal.account_id, device_id, 0, response, transport)
        self._hub.admit(stream)
        try:
            await self._presence.here(device_id)
            extent = await self._channel.extent(principal.account_id)
            start, word = starting_point(cursor, extent, self._channel.epoch)
            stream.position = start
            hello = notice("hello", self._hello(device_id, principal.name, extent).model_dump(), retry_ms=RETRY_MS)
            await response.prepare(call.request)
            response.headers.clear()  # they are on the wire; a thousand idle streams need not keep them
            async with asyncio.timeout(REPLAY_STALL_S):
                await response.write(hello + word)
            stream.begin()
            await self._hub.replay(stream)
            await stream.closed()
        except TimeoutError:
            log.info("slow_reader", device=device_id, account=principal.account_id)
            stream.abort()
        finally:
            self._hub.dismiss(stream)
            if not self._hub.is_online(device_id):
                with contextlib.suppress(Problem):  # the database may be closing: presence then runs out by itself
                    await self._presence.gone(device_id)
        with contextlib.suppress(ConnectionError):
            await response.write_eof()
        return response

    def _hello(self, device_id: str, name: str, extent: Extent) -> Hello:
        return Hello(
            wire_version=WIRE_VERSION,
            device_id=device_id,
            device_name=name,
            server_time=to_timestamp(now_us()),
            heartbeat_s=round(self._settings.heartbeat_s),
            retention_s=self._settings.retention_s,
            epoch=self._channel.epoch,
            oldest_seq=extent.oldest,
            newest_seq=extent.newest,
        )


def requested_cursor(request: web.Request) -> Cursor | None:
    """The cursor of the header, else of the query. Raises Problem invalid_cursor for anything that we never gave out."""
    text = request.headers.get("Last-Event-ID") or request.query.get("last_event_id")
    if not text:
        return None
    try:
        return Cursor.parse(text)
    except ValueError as error:
        raise Problem("invalid_cursor", f"Last-Event-ID is not a cursor of this relay: {error}.") from error


def starting_point(cursor: Cursor | None, extent: Extent, epoch: str) -> tuple[int, bytes]:
    """The number after which the stream goes on, and the `gap` or `reset` frame to say first, if any."""
    oldest = extent.oldest - 1
    if cursor is None:
        return oldest, b""
    if cursor.epoch != epoch:
        return oldest, notice("reset", Reset(reason="other_epoch", epoch=epoch).model_dump())
    if cursor.seq > extent.newest:
        return oldest, notice("reset", Reset(reason="future", epoch=epoch).model_dump())
    if cursor.seq < oldest:
        return oldest, notice("gap", Gap(missed_from=cursor.seq + 1, missed_to=oldest).model_dump())
    return cursor.seq, b""
