"""How devices and assistants come to an account: the bodies of the pairing, approval and listing requests."""

import re
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints, field_validator

from deskbell_wire.clock import Timestamp
from deskbell_wire.command import WireModel
from deskbell_wire.ids import DeviceId, GrantId
from deskbell_wire.local import MOST_LOCAL_ACTIONS, LocalAction

DeviceKind = Literal["daemon", "extension"]

CODE_ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
"""RFC 8628 section 6.1: twenty consonants, so that no word and no look-alike arises."""

CODE_CHARACTERS: Final = 8

DeviceName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
ActionId = Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z]+\.[a-z_]+$")]

DAEMON_CLIENT: Final = "deskbell-daemon"
EXTENSION_CLIENT: Final = "deskbell-extension"
CLI_CLIENT: Final = "deskbell-cli"
"""Public clients that every relay knows: two for devices, one for `deskbell call`."""

CHAT_CLIENT: Final = "deskbell-chat"
"""The relay's own chat page. A signed-in browser holds a grant of it, with this scope and no other."""
CHAT_SCOPE: Final = "ai:chat"


class DeviceDeclaration(WireModel):
    """What a device says of itself when it is paired, and again with PATCH when it has learned more."""

    name: DeviceName
    kind: DeviceKind
    actions: list[ActionId] = Field(max_length=200)


class PairRequest(WireModel):
    """`POST /v1/pair`: the first device of a new account."""

    device: DeviceDeclaration
    invite: str | None = Field(default=None, max_length=100)


class DeviceTokens(WireModel):
    """The answer to pairing and to a refresh. Never logged."""

    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - not a secret
    access_token: str = Field(repr=False)
    expires_in: int = Field(description="Seconds")
    refresh_token: str = Field(repr=False)
    scope: str = ""
    account_id: str | None = None
    device_id: DeviceId | None = None


class ConnectCode(WireModel):
    """`POST /v1/connect-codes`: what the person types into the relay's authorize page. Single use."""

    code: str
    expires_at: Timestamp


class Approval(WireModel):
    """A grant or a device that waits for consent on the laptop; also the data of an `approval` event."""

    id: str
    kind: Literal["assistant", "device"]
    name: str = Field(description="What the requester calls itself; unverified")
    host: str = Field(
        description="Where the answer goes (assistant), such as `claude.ai via localhost`, or where it came from (device)"
    )
    scopes: list[str]
    actions: list[str] = Field(default_factory=list)
    status: Literal["pending", "approved", "denied", "expired"]
    created_at: Timestamp
    expires_at: Timestamp


class ClaimRequest(WireModel):
    """`POST /v1/approvals/claim`: the user code that another device shows."""

    user_code: str = Field(min_length=8, max_length=20)


class DeviceInfo(WireModel):
    """One row of `GET /v1/devices`, in the account's order of preference."""

    id: DeviceId
    name: str
    kind: DeviceKind
    actions: list[str]
    online: bool
    rank: int
    created_at: Timestamp
    last_seen_at: Timestamp | None = None


class DeviceChange(WireModel):
    """`PATCH /v1/devices/{id}`: what is given is changed. A smaller rank is preferred."""

    name: DeviceName | None = None
    rank: int | None = Field(default=None, ge=0, le=10_000)
    actions: list[ActionId] | None = Field(default=None, max_length=200)
    local_actions: list[LocalAction] | None = Field(default=None, max_length=MOST_LOCAL_ACTIONS)

    @field_validator("local_actions")
    @classmethod
    def _names_are_unique(cls, actions: list[LocalAction] | None) -> list[LocalAction] | None:
        if actions is not None and len({action.name for action in actions}) != len(actions):
            raise ValueError("two local actions have the same name")
        return actions


class GrantInfo(WireModel):
    """One row of `GET /v1/grants`."""

    id: GrantId
    name: str
    host: str
    scopes: list[str]
    created_at: Timestamp
    used_at: Timestamp | None = None


def letters_of(user_code: str) -> str:
    """A code as the relay means it, however it was typed: in capitals, without hyphen and spaces."""
    return re.sub(r"[\s-]", "", user_code).upper()
