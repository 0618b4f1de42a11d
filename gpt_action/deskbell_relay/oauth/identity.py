"""Identity put together: the rooms of this folder and the pages, as the relay's `app.py` uses them."""

from collections.abc import Awaitable, Callable

import structlog
from sqlalchemy import Connection, select

from deskbell_relay.channel.bus import Hint, Revoked
from deskbell_relay.http.rates import Rates
from deskbell_relay.http.route import Route
from deskbell_relay.oauth import (
    authorization,
    client_assertions,
    connect_codes,
    device_grant,
    invites,
    issue,
    tickets,
)
from deskbell_relay.oauth.approvals import Approvals, Publish
from deskbell_relay.oauth.audiences import Audiences
from deskbell_relay.oauth.authenticator import Authenticator
from deskbell_relay.oauth.authorization import Authorizations
from deskbell_relay.oauth.chat_sessions import ChatSessions
from deskbell_relay.oauth.client_documents import Documents
from deskbell_relay.oauth.clients import Clients, built_in, in_database
from deskbell_relay.oauth.connect_codes import ConnectCodes
from deskbell_relay.oauth.decisions import Decisions
from deskbell_relay.oauth.device_grant import DeviceGrant
from deskbell_relay.oauth.devices import Devices
from deskbell_relay.oauth.fetcher import Fetcher
from deskbell_relay.oauth.grants import Grants
from deskbell_relay.oauth.issue import Issuer
from deskbell_relay.oauth.keys import Keys
from deskbell_relay.oauth.metadata import Metadata
from deskbell_relay.oauth.pairing import Pairing
from deskbell_relay.oauth.registration import Registration
from deskbell_relay.oauth.sealing import Sealer, relay_secret
from deskbell_relay.oauth.tickets import Tickets
from deskbell_relay.oauth.token_endpoint import TokenEndpoint
from deskbell_relay.pages.authorize import AuthorizePages
from deskbell_relay.pages.chat import ChatPages
from deskbell_relay.pages.site import Site, error_page
from deskbell_relay.settings import Settings
from deskbell_relay.store.engine import Store
from deskbell_relay.store.tables import devices, grants
from deskbell_wire.clock import now_us

log = structlog.get_logger()

KEYS_S = 10
"""How often keys are looked after: rotated when due, and read anew when another process rotated them."""

REVOCATIONS_S = 0.5
"""How often we look for what another process has revoked, such as the operator's command line."""

USED_S = 5
PURGE_S = 600

Job = tuple[float, Callable[[], Awaitable[object]], str]


class Identity:
    """Everything about who is who."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        rates: Rates,
        *,
        publish: Publish,
        is_online: Callable[[str], bool],
        revoked: Callable[[str], None],
        roster_changed: Callable[[str], None],
    ) -> None:
        self._store = store
        self._revoked = revoked
        self._seen_until = now_us()
        self.first_invite: str | None = None
        audiences = Audiences(settings.issuer)
        sealer = Sealer(relay_secret(settings))
        self._keys = Keys(store, sealer, settings)
        issuer = Issuer(settings, self._keys, audiences, sealer)
        self.documents = Documents(Fetcher(at_once=settings.document_fetches), rates, settings.documents_rate)
        self._registration = Registration(settings, store, rates)
        clients = Clients([built_in, in_database(store), self.documents.find])
        decisions = Decisions()
        stream_tickets = Tickets(store)
        grant = DeviceGrant(settings, store, issuer, sealer, paired=roster_changed)
        authorizations = Authorizations(settings, store, clients, audiences, issuer)
        approvals = Approvals(settings, store, rates, decisions, sealer, publish=publish)
        self.authenticator = Authenticator(store, self._keys, audiences, stream_tickets.redeem)
        self.error_page = error_page
        self._chat = ChatSessions(settings, store, authorizations, audiences, issuer, revoked=revoked)
        self._rooms = (
            Pairing(settings, store, issuer),
            grant,
            TokenEndpoint(
                settings,
                store,
                clients,
                authorizations,
                grant,
                issuer,
                audiences,
                self.authenticator,
                revoked=revoked,
            ),
            self._registration,
            Metadata(settings, self._keys, audiences),
            ConnectCodes(store, sealer),
            approvals,
            stream_tickets,
            Devices(store, is_online=is_online, revoked=revoked, roster_changed=roster_changed),
            Grants(store, revoked=revoked),
            AuthorizePages(settings, store, authorizations, approvals, decisions),
            ChatPages(settings, self._chat, self.authenticator),
            Site(settings),
        )

    def routes(self) -> list[Route]:
        """Identity's rows of the route table."""
        return [route for room in self._rooms for route in room.routes()]

    def jobs(self) -> list[Job]:
        """What comes round."""
        return [
            (KEYS_S, self._look_after_keys, "keys"),
            (REVOCATIONS_S, self._hear_revocations, "revocations"),
            (USED_S, self.authenticator.flush, "used"),
            (PURGE_S, self._purge, "purge"),
        ]

    async def start(self) -> None:
        """Have a signing key, and an invite for a relay that has no account yet."""
        await self._keys.start()
        self.first_invite = await self._store.write(invites.first)

    def hear(self, hint: Hint) -> None:
        """Take a hint of the bus."""
        if isinstance(hint, Revoked):
            self.authenticator.forget(hint.credential_id)

    async def _look_after_keys(self) -> None:
        if await self._keys.turn():
            self.authenticator.forget_all()

    async def _hear_revocations(self) -> None:
        since, self._seen_until = self._seen_until, now_us()
        for credential_id in await self._store.read(lambda connection: revoked_since(connection, since)):
            self._revoked(credential_id)

    async def _purge(self) -> None:
        for what in (
            authorization.purge,
            self._chat.purge,
            client_assertions.purge,
            connect_codes.purge,
            device_grant.purge,
            invites.purge,
            issue.purge,
            self._registration.purge,
            tickets.purge,
        ):
            gone = await self._store.write(what)
            if gone:
                log.info("purged", what=what.__module__.rpartition(".")[2], rows=gone)


def revoked_since(connection: Connection, since: int) -> list[str]:
    """The devices and grants revoked at the instant `since` or after it."""
    found: list[str] = []
    for table in (devices, grants):
        found += connection.execute(select(table.c.id).where(table.c.revoked_at >= since)).scalars()
    return found
