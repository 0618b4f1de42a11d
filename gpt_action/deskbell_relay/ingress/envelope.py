"""What every device operation takes besides its own arguments: which device, and what makes a repetition one."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from deskbell_relay.http.arguments import parsed
from deskbell_wire.errors import Problem


class Envelope(BaseModel):
    """The fields beside the action's input. Descriptions are read by assistants."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    device: str | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        description="Name of the device that should do it, as listDevices gives it. Leave it out unless the user names one.",
    )
    idempotency_key: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="A new random text for each new request. A repetition with the same key is not done twice.",
    )


_FIELDS = frozenset(Envelope.model_fields)


def opened(body: Mapping[str, Any], header: str | None) -> tuple[Envelope, dict[str, Any]]:
    """The envelope of `body`, and the action's own arguments. `header` is the Idempotency-Key header's value.

    Raises Problem invalid_arguments.
    """
    outside = {name: value for name, value in body.items() if name in _FIELDS}
    if header is not None:
        if outside.get("idempotency_key", header) != header:
            raise Problem(
                "invalid_arguments", "The Idempotency-Key header and the field idempotency_key differ; send one."
            )
        outside["idempotency_key"] = header
    if not outside:
        return _EMPTY, dict(body)
    return parsed(Envelope, outside), {name: value for name, value in body.items() if name not in _FIELDS}


_EMPTY = Envelope()
