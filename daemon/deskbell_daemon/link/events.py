"""From an event on the stream to the organ that it concerns. Whatever a relay sends, nothing here fails."""

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import structlog
from pydantic import ValidationError

from deskbell_daemon.ledger import Ledger
from deskbell_daemon.link.clock import RelayClock
from deskbell_wire.command import Cancellation, Command
from deskbell_wire.errors import Problem
from deskbell_wire.event import Cursor, ServerSentEvent
from deskbell_wire.pairing import Approval
from deskbell_wire.stream import Bye, Gap, Hello, Ping, Reset
from deskbell_wire.version import WIRE_VERSION

log = structlog.get_logger()


class StreamEnd(Exception):  # noqa: N818 - an orderly end, not an error
    """The relay said `bye`."""

    def __init__(self, bye: Bye) -> None:
        super().__init__(bye.reason)
        self.bye = bye


class Receiver(Protocol):
    """The gate, as the stream sees it."""

    def receive(self, command: Command, cursor: str | None, stream: int) -> "asyncio.Future[None]": ...
    def reject(self, command_id: str, cursor: str | None, stream: int) -> "asyncio.Future[None]": ...
    def cancel(self, command_id: str) -> None: ...
    async def room(self) -> None: ...


class Events:
    """Reads the events of one account's channel, for one device."""

    def __init__(
        self,
        device_id: str,
        ledger: Ledger,
        receiver: Receiver,
        clock: RelayClock,
        announce: Callable[[str, dict[str, Any]], None],
    ) -> None:
        self._device_id = device_id
        self._ledger = ledger
        self._receiver = receiver
        self._clock = clock
        self._announce = announce
        self._stream = 0
        self._moved: str | None = None
        self.greeted = False
        self._handlers: dict[str, Callable[[ServerSentEvent, str | None], None]] = {
            "hello": self._hello,
            "command": self._command,
            "cancel": self._cancel,
            "approval": self._approval,
            "gap": self._gap,
            "reset": self._reset,
            "ping": self._ping,
            "bye": self._bye,
        }
        self._pending: list[asyncio.Future[None]] = []

    def begin(self) -> None:
        """A new stream has opened. What failed to be written of the last one is refused no longer."""
        self._stream = self._ledger.begin_stream()
        self._moved = None
        self.greeted = False

    async def cursor(self) -> str | None:
        """What to send as Last-Event-ID."""
        return await self._ledger.cursor()

    async def take(self, events: Iterable[ServerSentEvent]) -> None:
        """Handle `events` in order; returns when the ledger has all of them.

        Raises StreamEnd at `bye`, Problem when the ledger cannot write: then the cursor has not moved past them.
        """
        try:
            last: str | None = None
            for event in events:
                cursor = _cursor(event.last_event_id)
                handler = self._handlers.get(event.event)
                try:
                    if handler is not None:
                        handler(event, cursor)
                except (ValidationError, ValueError, RecursionError) as error:
                    log.warning("event_not_understood", event_type=event.event[:40], error=type(error).__name__)
                if event.event != "command":
                    last = cursor or last
                else:
                    last = None  # the command carries its own cursor into the ledger
                    self._moved = cursor
            if last is not None and last != self._moved:
                self._moved = last
                self._pending.append(self._ledger.move_cursor(last, self._stream))
        finally:
            pending, self._pending = self._pending, []
            for result in await asyncio.gather(*pending, return_exceptions=True):
                if isinstance(result, BaseException):
                    raise result
        await self._receiver.room()

    def _hello(self, event: ServerSentEvent, cursor: str | None) -> None:
        hello = Hello.model_validate_json(event.data)
        if hello.device_id != self._device_id:
            raise Problem("relay_unreachable", f"The relay takes this laptop for {hello.device_id}.")
        if hello.wire_version > WIRE_VERSION:
            log.warning("newer_wire", relay=hello.wire_version, here=WIRE_VERSION)
        self._clock.hear(hello.server_time)
        self.greeted = True

    def _ping(self, event: ServerSentEvent, cursor: str | None) -> None:
        self._clock.hear(Ping.model_validate_json(event.data).server_time)

    def _command(self, event: ServerSentEvent, cursor: str | None) -> None:
        try:
            command = Command.model_validate_json(event.data)
        except ValidationError:
            self._pending.append(self._receiver.reject(_id_of(event.data), cursor, self._stream))
            return
        self._pending.append(self._receiver.receive(command, cursor, self._stream))

    def _cancel(self, event: ServerSentEvent, cursor: str | None) -> None:
        cancellation = Cancellation.model_validate_json(event.data)
        # After the commands before it are in the ledger, or there would be nothing to cancel yet.
        before = list(self._pending)
        if not before:
            self._receiver.cancel(cancellation.id)
            return
        before[-1].add_done_callback(lambda _: self._receiver.cancel(cancellation.id))

    def _approval(self, event: ServerSentEvent, cursor: str | None) -> None:
        self._announce("approval", Approval.model_validate_json(event.data).model_dump())

    def _gap(self, event: ServerSentEvent, cursor: str | None) -> None:
        gap = Gap.model_validate_json(event.data)
        log.warning("events_missed", missed_from=gap.missed_from, missed_to=gap.missed_to)
        self._announce("gap", gap.model_dump())

    def _reset(self, event: ServerSentEvent, cursor: str | None) -> None:
        reset = Reset.model_validate_json(event.data)
        log.warning("channel_reset", reason=reset.reason)

    def _bye(self, event: ServerSentEvent, cursor: str | None) -> None:
        raise StreamEnd(Bye.model_validate_json(event.data))


def _cursor(last_event_id: str) -> str | None:
    try:
        return str(Cursor.parse(last_event_id)) if last_event_id else None
    except ValueError:
        return None


def _id_of(data: str) -> str:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return ""
    found = document.get("id") if isinstance(document, dict) else None
    return found if isinstance(found, str) else ""
