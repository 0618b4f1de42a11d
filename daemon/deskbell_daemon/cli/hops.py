"""When a command passed each hop, in the order of its path."""

from collections.abc import Mapping
from typing import Final

from deskbell_wire.clock import from_timestamp

HOPS: Final = {
    "received": "the relay took the request",
    "appended": "the command is durable in the account's channel",
    "sent": "its frame went onto the laptop's stream",
    "acted": "the effect is complete on the laptop: a note is on disk, synced",
    "returned": "the result is durable at the relay",
}


def hop_rows(hops: Mapping[str, str | None]) -> list[tuple[str, str, str]]:
    """Hop, milliseconds since the relay received the request, meaning; hops not passed yet are left out."""
    received = hops.get("received")
    if received is None:
        return []
    start = from_timestamp(received)
    return [
        (name, f"{(from_timestamp(instant) - start) / 1000:.1f} ms", meaning)
        for name, meaning in HOPS.items()
        if (instant := hops.get(name))
    ]
