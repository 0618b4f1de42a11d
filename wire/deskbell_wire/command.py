"""A command: one request to perform an action, as the relay sends it to a device."""

from typing import Any, Final, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from deskbell_wire.clock import Timestamp
from deskbell_wire.ids import AskerId, CommandId, DeviceId

Status = Literal[
    "queued",
    "delivered",
    "awaiting_approval",
    "running",
    "done",
    "refused",
    "failed",
    "interrupted",
    "expired",
    "cancelled",
]
STATUSES: tuple[Status, ...] = get_args(Status)

FinalStatus = Literal["done", "refused", "failed", "interrupted", "expired", "cancelled"]
FINAL_STATUSES: frozenset[Status] = frozenset(get_args(FinalStatus))


class WireModel(BaseModel):
    """What crosses the wire: immutable; a reader ignores fields that it does not know, so that old and new can meet."""

    model_config = ConfigDict(frozen=True, extra="ignore")


OWN_DEVICE: Final = "your own device"
"""What stands as host where another device of the account asks."""


class Assistant(WireModel):
    """Who asks: the grant, and the names that a person recognises it by; or another device of the account."""

    grant_id: AskerId = Field(description="Of the grant; a device's id where a device of the account asks")
    name: str = Field(max_length=200, description="The client's own name; unverified")
    host: str = Field(
        max_length=255,
        description="Where the client's answer goes; verified. `claude.ai via localhost` names the host of its document too",
    )


class Command(WireModel):
    """One request to perform an action, addressed to one device."""

    id: CommandId
    action: str = Field(max_length=64, description="An id of the catalogue, such as note.create")
    arguments: dict[str, Any] = Field(description="As the action's input model says; defaults are left out")
    device_id: DeviceId
    assistant: Assistant
    received_at: Timestamp = Field(description="When the relay took the request")
    expires_at: Timestamp = Field(description="Not to be started after this instant")


class CommandRequest(WireModel):
    """`POST /v1/commands`: what a device asks another device of its account to do."""

    action: str = Field(max_length=64, description="A note action of the catalogue, such as note.create")
    arguments: dict[str, Any] = Field(default_factory=dict)
    device: str | None = Field(default=None, min_length=1, max_length=64, description="A device's name or id")
    idempotency_key: str | None = Field(default=None, min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")


class Cancellation(WireModel):
    """The data of a `cancel` event: the device need not begin, or should stop, this command."""

    id: CommandId
