"""What the daemon remembers between two starts, besides its ledger and its secret: one small private JSON file."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from deskbell_daemon.places import Places
from deskbell_daemon.private_file import write_private
from deskbell_wire.errors import Problem


class State(BaseModel):
    """Which relay and device this is, and whether it is paused."""

    model_config = ConfigDict(frozen=True, extra="ignore")  # a newer daemon's file must not stop an older one

    relay_url: str | None = None
    device_id: str | None = None
    account_id: str | None = None
    device_name: str | None = None
    declared_actions: list[str] = []
    """What the relay was last told that this device can do."""
    declared_local_actions: list[dict[str, Any]] = []
    """The person's own actions, as the relay was last told of them."""
    paused: bool = False
    clock_offset_us: int = 0
    """The relay's clock minus ours, as last heard."""

    @property
    def paired(self) -> bool:
        return self.relay_url is not None and self.device_id is not None


class StateFile:
    """The state of one profile on disk. Both methods block: call them from a thread when a loop runs."""

    def __init__(self, places: Places) -> None:
        self._path = places.state_file

    def load(self) -> State:
        """Raises Problem `invalid_settings` when the file is not what this class wrote."""
        try:
            return State.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return State()
        except (OSError, ValidationError) as error:
            raise Problem(
                "invalid_settings",
                f"The daemon's memory {self._path} cannot be read: {error}. Move it away and pair again.",
            ) from error

    def update(self, **changes: Any) -> State:
        """Change what is given, durably, and return the whole."""
        state = State.model_validate({**self.load().model_dump(), **changes})
        write_private(self._path, state.model_dump_json(indent=1))
        return state
