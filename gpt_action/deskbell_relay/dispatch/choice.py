"""Which device performs a command."""

from collections.abc import Collection, Sequence

from deskbell_relay.dispatch.roster import Candidate
from deskbell_wire.errors import Problem


def able(
    devices: Sequence[Candidate], action_id: str, wanted: str | None, local_action: str | None = None
) -> list[Candidate]:
    """The devices that may perform `action_id`, most preferred first; of a `wanted` name or id, if one is given.

    `local_action` is the name of the person's own action that they must have. Raises Problem device_not_found when
    `wanted` names none, no_capable_device when nobody can do it, action_not_found when nobody has that local action.
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
    if local_action is None:
        return capable
    having = [device for device in capable if local_action in device.local_actions]
    if not having:
        raise Problem("action_not_found", f"None of these devices has an action {local_action!r}: {_names(capable)}.")
    return having


def choose(capable: Sequence[Candidate], online: Collection[str]) -> Candidate:
    """The first that is online, else the first."""
    return next((device for device in capable if device.id in online), capable[0])


def _names(devices: Sequence[Candidate]) -> str:
    return ", ".join(repr(device.name) for device in devices) or "none"
