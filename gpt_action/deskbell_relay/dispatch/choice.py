"""Which device performs a command."""

from collections.abc import Collection, Sequence

from deskbell_relay.dispatch.roster import Candidate
from deskbell_wire.errors import Problem


def able(devices: Sequence[Candidate], action_id: str, wanted: str | None) -> list[Candidate]:
    """The devices that may perform `action_id`, most preferred first; of a `wanted` name or id, if one is given.

    Raises Problem device_not_found when `wanted` names none, no_capable_device when nobody can do it.
    """
    if wanted is not None:
        named = [device for device in devices if wanted in (device.id, device.name)]
        named = named or [device for device in devices if device.name.casefold() == wanted.casefold()]
        if not named:
            raise Problem(
                "device_not_found", f"No device is called {wanted!r}; the account's devices are: {_names(devices)}."
            )
        devices = named
    if not devices:
        raise Problem("no_capable_device", "No device is paired with this account.")
    capable = [device for device in devices if action_id in device.actions]
    if not capable:
        raise Problem("no_capable_device", f"None of these devices can do {action_id}: {_names(devices)}.")
    return capable


def choose(capable: Sequence[Candidate], online: Collection[str]) -> Candidate:
    """The first that is online, else the first."""
    return next((device for device in capable if device.id in online), capable[0])


def _names(devices: Sequence[Candidate]) -> str:
    return ", ".join(repr(device.name) for device in devices) or "none"
