"""Who may ask for tokens: a table of sources that are asked in turn, each of which knows clients by their id."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import select

from deskbell_relay.oauth.audiences import Door
from deskbell_relay.pages.neutral import neutral
from deskbell_relay.store.engine import Store
from deskbell_relay.store.identity_tables import clients as clients_table
from deskbell_wire.pairing import CLI_CLIENT, DAEMON_CLIENT, EXTENSION_CLIENT

Kind = Literal["confidential", "public", "device"]

Origin = Literal["built_in", "operator", "registered", "document"]
"""operator: added by hand. registered: by itself (RFC 7591). document: described at the address that is its id."""

MOST_ID: Final = 500

AUTHORIZATION_CODE: Final = "authorization_code"
REFRESH_TOKEN: Final = "refresh_token"  # noqa: S105 - the name of a grant type
DEVICE_CODE: Final = "urn:ietf:params:oauth:grant-type:device_code"

_GRANT_TYPES: Final[dict[Kind, frozenset[str]]] = {
    "confidential": frozenset({AUTHORIZATION_CODE, REFRESH_TOKEN}),
    "public": frozenset({AUTHORIZATION_CODE, REFRESH_TOKEN}),
    "device": frozenset({DEVICE_CODE, REFRESH_TOKEN}),
}


@dataclass(frozen=True, slots=True)
class Client:
    """A program that asks for tokens. `name` is what it calls itself: one line, harmless to show, not verified."""

    id: str
    name: str
    kind: Kind
    redirect_uris: tuple[str, ...] = ()
    secret_hash: str | None = None
    """SHA-256 in hex, of a confidential client with a secret."""
    origin: Origin = "built_in"
    keys: Mapping[str, Any] | None = None
    """JSON Web Key set of a confidential client without a secret, which proves itself by signing (RFC 7523)."""

    @property
    def grant_types(self) -> frozenset[str]:
        """How it may come to tokens."""
        return _GRANT_TYPES[self.kind]

    @property
    def needs_pkce(self) -> bool:
        """Everyone does but confidential clients that the operator added, since ChatGPT's Actions know no PKCE."""
        return self.kind != "confidential" or self.origin != "operator"

    @property
    def door(self) -> Door:
        """The door that it means when it names none: GPT Actions know no `resource`, MCP clients come by themselves."""
        return "mcp" if self.origin in ("registered", "document") else "actions"


Source = Callable[[str], Awaitable[Client | None]]
"""Gives the client of that id, or None when this source does not know it."""

BUILT_IN: Final = {
    client.id: client
    for client in (
        Client(DAEMON_CLIENT, "Deskbell on a laptop", "device"),
        Client(EXTENSION_CLIENT, "Deskbell in a browser", "device"),
        Client(
            CLI_CLIENT,
            "Deskbell's command line",
            "public",
            ("http://127.0.0.1/callback", "http://[::1]/callback"),
        ),
    )
}


class Clients:
    """All clients of the relay."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources

    async def find(self, client_id: str) -> Client | None:
        """The client of that id, from the first source that knows it. Raises what its source raises."""
        if not 0 < len(client_id) <= MOST_ID:
            return None
        for source in self._sources:
            client = await source(client_id)
            if client is not None:
                return client
        return None


async def built_in(client_id: str) -> Client | None:
    """The clients that every relay knows."""
    return BUILT_IN.get(client_id)


def in_database(store: Store) -> Source:
    """The clients that the operator has added, and those that registered themselves."""

    async def find(client_id: str) -> Client | None:
        row = await store.read(
            lambda connection: connection.execute(
                select(clients_table).where(clients_table.c.id == client_id)
            ).one_or_none()
        )
        if row is None:
            return None
        name = row.name if row.origin == "operator" else neutral(row.name)
        return Client(row.id, name, row.kind, tuple(row.redirect_uris), row.secret_hash, row.origin)

    return find
