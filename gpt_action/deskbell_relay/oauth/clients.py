"""Who may ask for tokens: a table of sources of clients, asked in turn.

Today: the clients that every relay knows, and static ones from the database. A further source (client metadata
documents, dynamic registration) is one more entry of `sources`.
"""

import hmac
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import select

from deskbell_relay.oauth.secrets import digest
from deskbell_relay.store.engine import Store
from deskbell_relay.store.identity_tables import clients
from deskbell_wire.pairing import CLI_CLIENT, DAEMON_CLIENT, EXTENSION_CLIENT

DEVICE_CODE: Final = "urn:ietf:params:oauth:grant-type:device_code"
MOST_REDIRECT: Final = 2_000


@dataclass(frozen=True, slots=True)
class Client:
    """An OAuth client. One with a secret is confidential and may do without PKCE: a custom GPT knows none."""

    id: str
    name: str
    redirect_uris: tuple[str, ...] = ()
    secret_hash: str | None = None
    grant_types: frozenset[str] = frozenset({"authorization_code", "refresh_token"})

    @property
    def confidential(self) -> bool:
        """Whether it authenticates by a secret."""
        return self.secret_hash is not None

    def has_secret(self, secret: str) -> bool:
        """Whether `secret` is this client's, compared in constant time."""
        return self.secret_hash is not None and hmac.compare_digest(digest(secret), self.secret_hash)

    def allows(self, redirect_uri: str) -> bool:
        """Whether a code may go there: exactly a registered address; on loopback the port may vary (RFC 8252 section 7.3)."""
        return any(redirect_uri == known or same_loopback(redirect_uri, known) for known in self.redirect_uris)


BUILT_IN: Final = {
    client.id: client
    for client in (
        Client(DAEMON_CLIENT, "Deskbell", grant_types=frozenset({DEVICE_CODE, "refresh_token"})),
        Client(EXTENSION_CLIENT, "Deskbell extension", grant_types=frozenset({DEVICE_CODE, "refresh_token"})),
        Client(CLI_CLIENT, "deskbell call", redirect_uris=("http://127.0.0.1/callback", "http://[::1]/callback")),
    )
}

Source = Callable[[str], Awaitable[Client | None]]


class Clients:
    """Finds a client by its id."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.sources: Sequence[Source] = (self._built_in, self._stored)

    async def find(self, client_id: str) -> Client | None:
        """The client, or None."""
        for source in self.sources:
            client = await source(client_id)
            if client is not None:
                return client
        return None

    async def _built_in(self, client_id: str) -> Client | None:
        return BUILT_IN.get(client_id)

    async def _stored(self, client_id: str) -> Client | None:
        query = select(clients).where(clients.c.id == client_id)
        row = await self._store.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else Client(row.id, row.name, tuple(row.redirect_uris), row.secret_hash)


def same_loopback(wanted: str, known: str) -> bool:
    """Whether two http addresses on a literal loopback address differ in nothing but the port."""
    try:
        ours, theirs = urlsplit(known), urlsplit(wanted)
        _ = theirs.port  # raises for a port that is none
        loopback = ip_address(ours.hostname or "").is_loopback
    except ValueError:
        return False
    return (
        loopback
        and len(wanted) <= MOST_REDIRECT
        and ours.scheme == theirs.scheme == "http"
        and ours.hostname == theirs.hostname
        and ours.path == theirs.path
        and not (theirs.query or theirs.fragment or theirs.username or theirs.password or "@" in theirs.netloc)
    )
