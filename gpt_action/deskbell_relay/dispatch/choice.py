"""Which device performs a command."""

from collections.abc import Sequence
from dataclasses import dataclass

from deskbell_wire.errors import Problem


@dataclass(frozen=True, slots=True)
class Candidate:
    """A device of the account that is not revoked."""

    id: str
    name: str
    actions: frozenset[str]
    rank: int
    online: bool


def choose(candidates: Sequence[Candidate], action_id: str, wanted: str | None) -> Candidate:
    """The device for `action_id`: a named one, else an online one, else the account's most preferred.

    Raises Problem device_not_found when `wanted` names none, no_capable_device when nobody can do it.
    """
    if wanted is not None:
        named = [device for device in candidates if wanted in (device.id, device.name)]
        named = named or [device for device in candidates if device.name.casefold() == wanted.casefold()]
        if not named:
            names = ", ".join(repr(device.name) for device in candidates) or "none"
            raise Problem("device_not_found", f"No device is called {wanted!r}; the account's devices are: {names}.")
        candidates = named
    able = [device for device in candidates if action_id in device.actions]
    if not able:
        if not candidates:
            raise Problem("no_capable_device", "No device is paired with this account.")
        names = ", ".join(repr(device.name) for device in candidates)
        raise Problem("no_capable_device", f"None of the devices can do {action_id}: {names}.")
    return min(able, key=lambda device: (not device.online, device.rank, device.id))
