"""Frames as they go onto the socket: encoded once, whatever the number of streams."""

import json
from typing import Any

from deskbell_wire.event import encode


def chunk(frame: bytes) -> bytes:
    """`frame` as one chunk of an HTTP/1.1 chunked body (RFC 9112 section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(frame), frame)


def event_frame(epoch: str, seq: int, event_type: str, data: str) -> bytes:
    """The SSE frame of a channel's event."""
    return encode(event_type, data, id=f"{epoch}-{seq}")


def notice(event_type: str, data: dict[str, Any], *, retry_ms: int | None = None) -> bytes:
    """The SSE frame of what is about the stream and not from the channel: it has no id."""
    return encode(event_type, json.dumps(data, separators=(",", ":")), retry_ms=retry_ms)
