"""`POST /v1/pair`: the first device makes the account, if the relay's registration rule lets it."""

from aiohttp import web
from sqlalchemy import Connection, insert

from deskbell_relay.http.arguments import parsed
from deskbell_relay.http.responses import model_response
from deskbell_relay.http.route import Call, Route
from deskbell_relay.oauth import devices, invites
from deskbell_relay.oauth.issue import Issuer
from deskbell_relay.settings import Settings
from deskbell_relay.store.engine import Store
from deskbell_relay.store.tables import accounts
from deskbell_wire.clock import now_us
from deskbell_wire.errors import Problem
from deskbell_wire.ids import new_id
from deskbell_wire.pairing import DAEMON_CLIENT, EXTENSION_CLIENT, DeviceDeclaration, DeviceKind, PairRequest


class Pairing:
    """The route that makes accounts."""

    def __init__(self, settings: Settings, store: Store, issuer: Issuer) -> None:
        self._settings = settings
        self._store = store
        self._issuer = issuer

    def routes(self) -> list[Route]:
        """This file's row of the route table."""
        return [
            Route("POST", "/v1/pair", self.pair, "public", body="json", rate="pairing", summary="Pair the first device")
        ]

    async def pair(self, call: Call) -> web.StreamResponse:
        """201 with DeviceTokens. Problem registration_closed, invite_not_valid."""
        wanted = parsed(PairRequest, call.body)
        rule = self._settings.registration
        if rule == "closed":
            raise Problem("registration_closed", "This relay takes no new accounts.")
        if rule == "invite" and not wanted.invite:
            raise Problem("invite_not_valid", "This relay takes new accounts by invite only, and none was given.")
        client_id = client_of(wanted.device.kind)
        account_id, device_id, refresh_token = await self._store.write(
            lambda connection: self._create(connection, wanted, client_id)
        )
        call.notes["device"] = device_id
        tokens = self._issuer.device_answer(
            account_id=account_id, device_id=device_id, client_id=client_id, refresh_token=refresh_token
        )
        return model_response(tokens, status=201)

    def _create(self, connection: Connection, wanted: PairRequest, client_id: str) -> tuple[str, str, str]:
        if self._settings.registration == "invite" and not invites.redeem(connection, wanted.invite or ""):
            raise Problem("invite_not_valid", "This invite is wrong, has expired or was used already.")
        account_id = new_id("acc")
        connection.execute(insert(accounts).values(id=account_id, created_at=now_us()))
        device_id = create_declared(connection, account_id, wanted.device)
        refresh_token = self._issuer.device_tokens(
            connection, account_id=account_id, device_id=device_id, client_id=client_id
        )
        return account_id, device_id, refresh_token


def create_declared(connection: Connection, account_id: str, declared: DeviceDeclaration) -> str:
    """A new device as it describes itself; its id."""
    return devices.create(connection, account_id, name=declared.name, kind=declared.kind, actions=declared.actions)


def client_of(kind: DeviceKind) -> str:
    """The OAuth client that a device of this kind is."""
    return DAEMON_CLIENT if kind == "daemon" else EXTENSION_CLIENT
