"""A result: what the device did, or why not."""

from typing import Any, Literal

from pydantic import Field

from deskbell_wire.clock import Timestamp
from deskbell_wire.command import Status, WireModel
from deskbell_wire.ids import CommandId

ReportStatus = Literal["done", "refused", "failed", "interrupted", "expired", "cancelled"]


class Failure(WireModel):
    """Why a command was not done: a stable code, a sentence, and what to do next."""

    code: str = Field(max_length=64, pattern=r"^[a-z][a-z0-9_]*$")
    message: str = Field(max_length=2_000)
    next_step: str | None = Field(default=None, max_length=1_000)


class Report(WireModel):
    """What a device posts to `/v1/commands/{id}/result` once a command is finished."""

    status: ReportStatus
    output: dict[str, Any] | None = None
    error: Failure | None = None
    acted_at: Timestamp | None = Field(default=None, description="When the effect was complete, by the relay's clock")


class Progress(WireModel):
    """What a device posts to `/v1/commands/{id}/progress` while a command waits or runs."""

    status: Literal["awaiting_approval", "running"]
    message: str | None = Field(default=None, max_length=2_000)


class Hops(WireModel):
    """When a command passed each hop, so that a slow or dead one shows. Null: not passed yet."""

    received: Timestamp | None = None
    appended: Timestamp | None = None
    sent: Timestamp | None = None
    acted: Timestamp | None = None
    returned: Timestamp | None = None


class Result(WireModel):
    """What an assistant gets: the command's state now, and its output once it is done."""

    id: CommandId
    action: str
    status: Status
    device: str | None = Field(default=None, description="The name of the device that was chosen")
    output: dict[str, Any] | None = None
    error: Failure | None = None
    progress: str | None = None
    hops: Hops = Hops()
    expires_at: Timestamp | None = None
    check_after_s: int | None = Field(default=None, description="Ask again with getResult after so many seconds")
    message: str | None = Field(default=None, description="One sentence for the conversation")
