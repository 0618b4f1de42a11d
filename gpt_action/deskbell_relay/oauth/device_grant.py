"""Further devices come to an account by the device authorization grant (RFC 8628)."""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web
from pydantic import ValidationError
from sqlalchemy import Connection, Row, delete, insert, select, update

from deskbell_relay.http.responses import json_response
from deskbell_relay.http.route import Call, Route
from deskbell_relay.oauth import devices
from deskbell_relay.oauth.approvals import room_for_device
from deskbell_relay.oauth.errors import OAuthError
from deskbell_relay.oauth.issue import Issuer
from deskbell_relay.oauth.pairing import client_of
from deskbell_relay.oauth.sealing import Sealer
from deskbell_relay.oauth.secrets import digest, new_secret, user_code
from deskbell_relay.settings import Settings
from deskbell_relay.store.engine import Store
from deskbell_relay.store.identity_tables import requests
from deskbell_wire.clock import SECOND, now_us
from deskbell_wire.errors import Problem
from deskbell_wire.ids import new_id
from deskbell_wire.pairing import DeviceDeclaration, DeviceTokens

LIFETIME_S: Final = 600
INTERVAL_S: Final = 5
SLOWER_S: Final = 5
EARLY_US: Final = SECOND // 2
"""A poll may come so much before its time: the way here is not always equally long."""

KEPT_S: Final = 3600
"""How long an ended request is kept, so that its page and its device still hear how it ended."""

Outcome = tuple[str, str, str] | str
"""(account, device, refresh token), or the error code of RFC 8628 section 3.5."""


class DeviceGrant:
    """The device's two requests: a code to show, and then whether it was approved."""

    def __init__(
        self, settings: Settings, store: Store, issuer: Issuer, sealer: Sealer, *, paired: Callable[[str], None]
    ) -> None:
        """`paired` hears the account that has one device more, after the commit."""
        self._settings = settings
        self._store = store
        self._issuer = issuer
        self._sealer = sealer
        self._paired = paired

    def routes(self) -> list[Route]:
        """This file's row of the route table; the polling goes to `/oauth/token`."""
        return [
            Route(
                "POST",
                "/oauth/device_authorization",
                self.authorize,
                "public",
                body="form",
                rate="pairing",
                summary="A code for a further device (RFC 8628)",
            )
        ]

    async def authorize(self, call: Call) -> web.StreamResponse:
        """RFC 8628 section 3.2. Errors are OAuth's: invalid_client, invalid_request."""
        try:
            declared = declaration(call.body)
        except OAuthError as error:
            return error.response()
        device_code, code = new_secret(), user_code()
        row = {
            "id": new_id("req"),
            "kind": "device",
            "status": "open",
            "client_id": client_of(declared.kind),
            "name": declared.name,
            "host": call.address,
            "scopes": [],
            "actions": declared.actions,
            "created_at": call.received_us,
            "expires_at": call.received_us + LIFETIME_S * SECOND,
            "device_kind": declared.kind,
            "device_code_hash": digest(device_code),
            "user_code_hash": self._sealer.code_digest(code),
            "interval_s": INTERVAL_S,
        }
        await self._store.write(lambda connection: connection.execute(insert(requests).values(row)).rowcount)
        call.notes["request"] = str(row["id"])
        page = f"{self._settings.issuer}/pair"
        return json_response(
            {
                "device_code": device_code,
                "user_code": code,
                "verification_uri": page,
                "verification_uri_complete": f"{page}?{urlencode({'user_code': code})}",
                "expires_in": LIFETIME_S,
                "interval": INTERVAL_S,
            }
        )

    async def redeem(self, client_id: str, device_code: str) -> DeviceTokens:
        """What `/oauth/token` answers to a device that polls; the device is made here, once.

        Raises OAuthError authorization_pending, slow_down, access_denied, expired_token, invalid_grant.
        """
        outcome = await self._store.write(lambda connection: self._poll(connection, client_id, device_code))
        if isinstance(outcome, str):
            raise OAuthError(outcome, SENTENCES[outcome])
        account_id, device_id, refresh_token = outcome
        self._paired(account_id)
        return self._issuer.device_answer(
            account_id=account_id, device_id=device_id, client_id=client_id, refresh_token=refresh_token
        )

    def _poll(self, connection: Connection, client_id: str, device_code: str) -> Outcome:
        now = now_us()
        row = connection.execute(
            select(requests)
            .where(requests.c.device_code_hash == digest(device_code), requests.c.client_id == client_id)
            .with_for_update()
        ).one_or_none()
        if row is None or row.status == "done":
            return "invalid_grant"
        if row.status == "denied":
            return "access_denied"
        if row.expires_at <= now:
            return "expired_token"
        if row.status != "approved":
            return wait(connection, row, now)
        taken = connection.execute(
            update(requests).where(requests.c.id == row.id, requests.c.status == "approved").values(status="done")
        )
        if taken.rowcount != 1:
            return "invalid_grant"
        try:
            room_for_device(connection, row.account_id, self._settings.devices_per_account)
        except Problem:
            return "access_denied"  # others were paired since it was approved
        device_id = devices.create(connection, row.account_id, name=row.name, kind=row.device_kind, actions=row.actions)
        refresh_token = self._issuer.device_tokens(
            connection, account_id=row.account_id, device_id=device_id, client_id=client_id
        )
        return row.account_id, device_id, refresh_token


SENTENCES: Final = {
    "authorization_pending": "Nobody has approved this device yet.",
    "slow_down": "This device asks too often; wait five seconds longer between two requests.",
    "access_denied": "The person at the laptop refused this device.",
    "expired_token": "The device code has expired; ask for a new one.",
    "invalid_grant": "There is no such device code, it belongs to another client, or it was used already.",
}


def wait(connection: Connection, row: Row[Any], now: int) -> str:
    """`authorization_pending`, or `slow_down` for a device that came before its time (RFC 8628 section 3.5)."""
    early = row.polled_at is not None and now < row.polled_at + row.interval_s * SECOND - EARLY_US
    interval_s = row.interval_s + SLOWER_S if early else row.interval_s
    connection.execute(update(requests).where(requests.c.id == row.id).values(polled_at=now, interval_s=interval_s))
    return "slow_down" if early else "authorization_pending"


def declaration(form: dict[str, str]) -> DeviceDeclaration:
    """The device as the form describes it. Raises OAuthError invalid_client, invalid_request."""
    kind = form.get("device_kind", "")
    if kind not in {"daemon", "extension"}:
        raise OAuthError("invalid_request", "device_kind must be daemon or extension.")
    try:
        declared = DeviceDeclaration.model_validate(
            {"name": form.get("device_name", ""), "kind": kind, "actions": form.get("device_actions", "").split()}
        )
    except ValidationError as error:
        fields = ", ".join(f"device_{item['loc'][0]}" for item in error.errors())
        raise OAuthError("invalid_request", f"Missing or not valid: {fields}.") from None
    if form.get("client_id") != client_of(declared.kind):
        raise OAuthError("invalid_client", f"A device of this kind is the client {client_of(declared.kind)}.")
    return declared


def purge(connection: Connection) -> int:
    """Delete requests, of assistants too, that ended an hour ago; how many went."""
    return connection.execute(delete(requests).where(requests.c.expires_at <= now_us() - KEPT_S * SECOND)).rowcount
