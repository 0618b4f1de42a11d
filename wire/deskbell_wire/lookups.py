"""The typed inputs and outputs of what the relay answers by itself: `command.get` and `device.list`."""

from pydantic import Field

from deskbell_wire.clock import Timestamp
from deskbell_wire.ids import CommandId
from deskbell_wire.notes import Input, Output


class GetResult(Input):
    command_id: CommandId = Field(description="The id that an earlier answer gave.")


class ListDevices(Input):
    """Takes nothing."""


class DeviceEntry(Output):
    name: str = Field(description="Give it as device to choose this device.")
    kind: str = Field(description="daemon or extension.")
    online: bool
    actions: list[str] = Field(description="What this device can do.")
    last_seen_at: Timestamp | None = None


class DeviceEntries(Output):
    devices: list[DeviceEntry]
