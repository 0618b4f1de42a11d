"""Who makes a request, once the token has been checked."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """An account's device, or an assistant that holds a grant on the account."""

    account_id: str
    scopes: frozenset[str]
    device_id: str | None = None
    grant_id: str | None = None
    name: str = ""
    """The device's name, or the assistant's own (unverified) name."""
    host: str = ""
    """The assistant's redirect host."""

    @property
    def credential(self) -> str:
        """The device or grant behind the token: what is revoked, and what is rate-limited."""
        return self.device_id or self.grant_id or self.account_id
