"""Ids: a prefix that names the kind, and a UUIDv7 (RFC 9562), so that they sort by the time they were made."""

import re
from typing import Annotated, Final, Literal

import uuid_utils
from pydantic import StringConstraints

Kind = Literal["acc", "cmd", "dev", "gra", "run", "req"]
KINDS: Final[tuple[Kind, ...]] = ("acc", "cmd", "dev", "gra", "run", "req")

_PATTERN = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"

CommandId = Annotated[str, StringConstraints(pattern=f"^cmd_{_PATTERN}$", max_length=40)]
DeviceId = Annotated[str, StringConstraints(pattern=f"^dev_{_PATTERN}$", max_length=40)]
AskerId = Annotated[str, StringConstraints(pattern=f"^(gra|dev)_{_PATTERN}$", max_length=40)]
"""Who asks for a command: an assistant's grant, or a device of the same account."""
GrantId = Annotated[str, StringConstraints(pattern=f"^gra_{_PATTERN}$", max_length=40)]
RunId = Annotated[str, StringConstraints(pattern=f"^run_{_PATTERN}$", max_length=40)]


_ID: Final = re.compile(f"[a-z]{{3}}_({_PATTERN})")


def made_at(id_: str) -> int | None:
    """When an id was made, microseconds since the epoch, as its UUIDv7 says; None for what is no id."""
    found = _ID.fullmatch(id_)
    return int(found[1].replace("-", "")[:12], 16) * 1000 if found else None


def new_id(kind: Kind) -> str:
    """A fresh id such as `cmd_01932c07-…`."""
    return f"{kind}_{uuid_utils.uuid7()}"


def run_of(command_id: str) -> str:
    """The id of the one run that a command may start: begun again after a crash, it is still the same run."""
    return f"run_{command_id.removeprefix('cmd_')}"
