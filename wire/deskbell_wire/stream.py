"""What a device hears on its stream besides commands. Each class is the data of the event of that name."""

from typing import Final, Literal

from pydantic import Field

from deskbell_wire.clock import Timestamp
from deskbell_wire.command import WireModel
from deskbell_wire.ids import DeviceId

EventType = Literal["hello", "command", "cancel", "approval", "run", "gap", "reset", "ping", "bye"]

PING_S: Final = 15
"""Seconds between two pings. Firefox drops a stream that is silent for 30 s."""

WATCHDOG_S: Final = 40
"""A client that hears nothing for so many seconds reconnects."""


class Hello(WireModel):
    """First on every stream. It carries no id: it is about the stream, not from the channel."""

    wire_version: int
    device_id: DeviceId
    device_name: str
    server_time: Timestamp
    heartbeat_s: int
    retention_s: int = Field(description="How long an event is kept for replay")
    epoch: str
    oldest_seq: int = Field(
        description="The oldest event that can still be replayed; newest_seq + 1 when there is none"
    )
    newest_seq: int


class Gap(WireModel):
    """Some events between the cursor and the oldest kept one are gone; replay goes on after them."""

    missed_from: int
    missed_to: int


class Reset(WireModel):
    """The cursor is of another epoch, of the future, or of nobody: replay starts at the oldest kept event."""

    reason: Literal["other_epoch", "future"]
    epoch: str


class Ping(WireModel):
    """Every 15 s, named so that JavaScript sees it; it has no id."""

    server_time: Timestamp


class Bye(WireModel):
    """The relay drains: reconnect after a random delay of up to `reconnect_within_s`."""

    reason: Literal["draining", "revoked", "replaced"]
    reconnect_within_s: int
