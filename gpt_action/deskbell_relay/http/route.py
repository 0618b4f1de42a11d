"""The route table's row: a method, a path, who may call it, whose things it touches, and what it may cost."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

from deskbell_relay.http.principal import Principal

Access = Literal["public", "device", "stream", "chat", "assistant", "mcp"]
"""public: nobody signs in. device: a device's token. stream: that, or a single-use ticket.
chat: a device's token, or the cookie of a browser that is signed in to the chat page.
assistant: a grant's token for the GPT Action door. mcp: a grant's token for the MCP door."""

Body = Literal["none", "json", "form", "result"]
"""none: a body is ignored. result: JSON of up to `max_result_body`."""

Owned = Literal["", "command", "device", "grant", "approval", "run"]
"""What the path's {id} names. The tests of two accounts are made from this column."""

Rate = Literal["public", "pairing", "requests", "none"]


@dataclass(slots=True)
class Call:
    """One request on its way through a handler: the checked principal, the parsed body, the id for the log."""

    request: web.Request
    request_id: str
    received_us: int
    """When the request arrived, microseconds since the epoch."""
    address: str
    """The caller's address, as far as trusted proxies tell it."""
    principal: Principal | None = None
    body: Any = None
    """A dict for `json`, `result` and `form`; None otherwise."""
    notes: dict[str, str] = field(default_factory=dict)
    """Further words for the request's log line: ids only, never contents."""

    @property
    def who(self) -> Principal:
        """The principal of a route that is not public."""
        assert self.principal is not None, "a public route asked who calls"
        return self.principal

    @property
    def device(self) -> str:
        """The id of the device that calls a device's route."""
        device_id = self.who.device_id
        assert device_id is not None, "the guard lets devices in alone"
        return device_id


Handler = Callable[[Call], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    """One row. A route with an {id} in its path must say what it owns; the tests of two accounts read it."""

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    handler: Handler
    access: Access
    body: Body = "none"
    owns: Owned = ""
    rate: Rate = "requests"
    summary: str = ""
    during_drain: bool = False
    """Whether it is still answered while the relay stops: what finishes open work is."""
    page: bool = False
    """Whether people see it in a browser: errors are then pages too."""
