"""What a token is for: its `aud`, one a door, so that a token of one door opens no other (RFC 8707)."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from deskbell_relay.http.route import Access

Door = Literal["actions", "mcp"]


@dataclass(frozen=True, slots=True)
class Audiences:
    """The audiences of the relay at `issuer`."""

    issuer: str

    @property
    def devices(self) -> str:
        """Of devices' own tokens."""
        return f"{self.issuer}/v1"

    @property
    def actions(self) -> str:
        """Of the GPT Action door."""
        return f"{self.issuer}/actions"

    @property
    def mcp(self) -> str:
        """Of the MCP door: the address that its clients are given."""
        return f"{self.issuer}/mcp"

    @property
    def chat(self) -> str:
        """Of browsers that are signed in to the chat page."""
        return f"{self.issuer}/ai"

    def of_access(self, access: Access) -> str:
        """What a route of that access takes."""
        return {"assistant": self.actions, "mcp": self.mcp, "chat": self.chat}.get(access, self.devices)

    def of_resource(self, resource: str | None, usual: Door) -> str | None:
        """The audience for an assistant's `resource` parameter; None for a foreign one.

        Without one, or with the relay's own address, it is the client's `usual` door.
        """
        named = self.issuer if resource is None else _normal(resource)
        if named == self.issuer:
            return self.mcp if usual == "mcp" else self.actions
        return named if named in (self.actions, self.mcp) else None


def _normal(resource: str) -> str:
    """MCP: clients name the canonical address, servers bear upper case in scheme and host, and a slash at the end."""
    try:
        parts = urlsplit(resource)
    except ValueError:
        return resource
    if not resource.isascii() or not resource.isprintable() or not parts.netloc:
        return resource
    rest = resource[len(parts.scheme) + len("://") + len(parts.netloc) :]
    return f"{parts.scheme}://{parts.netloc.lower()}{rest}".removesuffix("/")
