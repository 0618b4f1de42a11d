"""What a token is for: its `aud`, one a door, so that a token of one door opens no other (RFC 8707)."""

from dataclasses import dataclass

from deskbell_relay.http.route import Access


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

    def of_access(self, access: Access) -> str:
        """What a route of that access takes."""
        return {"assistant": self.actions, "mcp": self.mcp}.get(access, self.devices)

    def of_resource(self, resource: str | None) -> str | None:
        """The audience for an assistant's `resource` parameter; None for a foreign one.

        Without one, or with the relay's own address, it is the GPT Action door, whose client sends none.
        """
        if resource is None or resource in (self.issuer, f"{self.issuer}/"):
            return self.actions
        return resource if resource in (self.actions, self.mcp) else None
