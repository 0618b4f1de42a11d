"""A request on its way to becoming a command, and what becomes of it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deskbell_relay.channel.log import Appended
from deskbell_relay.http.principal import Principal
from deskbell_wire.actions import Action
from deskbell_wire.clock import SECOND
from deskbell_wire.ids import new_id


@dataclass(frozen=True, slots=True)
class Submission:
    """A valid request of an assistant, or of a device, before a device is chosen for it."""

    principal: Principal
    action: Action
    arguments: dict[str, Any]
    received_us: int
    device: str | None = None
    """A device's name or id, when the caller named one."""
    idempotency_key: str | None = None
    itself: bool = False
    """Whether a device that asks may be chosen, and then first."""
    command_id: str = field(default_factory=lambda: new_id("cmd"))
    """The id of the command that it becomes, unless it joins an earlier one."""
    fingerprint: str = field(init=False)
    """What makes two requests the same: action, arguments and named device, as hex SHA-256."""

    def __post_init__(self) -> None:
        text = json.dumps([self.action.id, self.device, self.arguments], sort_keys=True, separators=(",", ":"))
        object.__setattr__(self, "fingerprint", hashlib.sha256(text.encode()).hexdigest())

    @property
    def asker_id(self) -> str:
        """The grant under which it is made; of a device that asks, its own id."""
        return self.principal.credential

    @property
    def local_action(self) -> str | None:
        """Which of the person's own actions is to run, if it is one of those."""
        return str(self.arguments["name"]) if self.action.id == "local.run" else None

    @property
    def expires_us(self) -> int:
        """When the command may not start any more."""
        return self.received_us + self.action.lifetime_s * SECOND


@dataclass(frozen=True, slots=True)
class Fresh:
    """A new command, durable now."""

    appended: Appended
    row: Mapping[str, Any]
    """As `results.view` reads it."""
    device_online: bool


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What a submission became: a new command, or a repetition of the one named here."""

    command_id: str
    fresh: Fresh | None = None
