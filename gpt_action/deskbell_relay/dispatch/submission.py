"""A request on its way to becoming a command, and what becomes of it."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from deskbell_relay.channel.log import Appended
from deskbell_relay.http.principal import Principal
from deskbell_wire.actions import Action


@dataclass(frozen=True, slots=True)
class Submission:
    """A valid request of an assistant, before a device is chosen."""

    principal: Principal
    action: Action
    arguments: dict[str, Any]
    received_us: int
    device: str | None = None
    """A device's name or id, when the assistant named one."""
    idempotency_key: str | None = None

    def fingerprint(self) -> str:
        """What makes two requests the same: action, arguments and named device, as hex SHA-256."""
        text = json.dumps([self.action.id, self.device, self.arguments], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Acceptance:
    """A submission is durable: as a new command, or as one that was there already."""

    command_id: str
    device_online: bool
    appended: Appended | None = None
    """The event of a new command; None when the submission joined an earlier one."""
