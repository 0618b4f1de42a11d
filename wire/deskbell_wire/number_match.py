"""Pairing the extension with the laptop it runs on: what they say to each other over loopback, and the six digits.

The daemon commits to its nonce before it hears the extension's, and the extension to its code and relay before it says
its nonce. So whoever stands between them can choose nothing after he knows what the digits will be: two pairings of his
show the same number once in a million. (The numeric comparison of Bluetooth's secure simple pairing, by the same reason.)
"""

import hashlib
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from deskbell_wire.clock import Timestamp
from deskbell_wire.command import WireModel
from deskbell_wire.pairing import DeviceName, letters_of

PORTS: Final = range(41_627, 41_632)
"""Where the extension looks for the daemon, on 127.0.0.1; the daemon takes the first that is free."""

CHROMIUM_ID: Final = "eilhcdfoaojihffhbenckedmijgjigpe"
"""The extension's id in Chromium, from the key in its manifest. Firefox gives each installation an id of its own."""

Nonce = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
"""32 random bytes in base64url without padding (RFC 4648 section 5)."""
Commitment = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
UserCode = Annotated[str, StringConstraints(min_length=8, max_length=20, pattern=r"^[A-Za-z -]+$")]


class DaemonHere(WireModel):
    """`GET /extension/daemon`: who listens here. Nobody has proved it yet."""

    product: Literal["deskbell"] = "deskbell"
    host_name: str = Field(max_length=64, description="What the daemon calls this laptop")
    paired: bool
    relay: str | None = Field(description="Where to start the device grant (RFC 8628); null without a pairing")
    commitment: Commitment | None = Field(
        description="SHA-256 of the nonce that the daemon will say; good once, 10 minutes"
    )


class LoopbackPairRequest(WireModel):
    """`POST /extension/pair`: the code that the relay gave to the extension. The extension makes `nonce` for this request."""

    user_code: UserCode
    device_name: DeviceName
    nonce: Nonce
    commitment: Commitment = Field(description="As the daemon gave it")


class LoopbackPairAnswer(WireModel):
    """What the extension computes its digits from; it shows its own, and only if `nonce` fits the commitment."""

    nonce: Nonce
    digits: str = Field(pattern=r"^[0-9]{6}$")
    expires_at: Timestamp


class LoopbackPairState(WireModel):
    """`GET /extension/pair/{user_code}`: how the person at the laptop has answered."""

    state: Literal["waiting", "approved", "denied", "expired"]


def committed(nonce: str) -> str:
    """The commitment to `nonce`: SHA-256 of its ASCII text, 64 hex digits."""
    return hashlib.sha256(nonce.encode()).hexdigest()


def digits(user_code: str, extension_nonce: str, daemon_nonce: str, relay: str) -> str:
    """The six digits that both show.

    The first 48 bits of SHA-256 over five lines joined by LF (`deskbell pairing`, the code in capitals without hyphen,
    the extension's nonce, the daemon's nonce, the relay's address without a slash at its end), modulo one million.
    """
    text = "\n".join(("deskbell pairing", letters_of(user_code), extension_nonce, daemon_nonce, relay.rstrip("/")))
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")
    return f"{number % 1_000_000:06d}"
