"""What waits for a yes on the laptop: assistants and further devices. No answer is a no."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

from aiohttp import web
from sqlalchemy import Connection, Row, func, select, update

from deskbell_relay.http.arguments import parsed
from deskbell_relay.http.rates import Rates
from deskbell_relay.http.responses import json_response, model_response
from deskbell_relay.http.route import Call, Route
from deskbell_relay.oauth import connect_codes
from deskbell_relay.oauth.decisions import Decisions
from deskbell_relay.oauth.sealing import Sealer
from deskbell_relay.settings import Settings
from deskbell_relay.store.engine import Store
from deskbell_relay.store.identity_tables import requests
from deskbell_relay.store.tables import devices
from deskbell_wire.clock import now_us, to_timestamp
from deskbell_wire.errors import Problem
from deskbell_wire.pairing import Approval, ClaimRequest
from deskbell_wire.stream import EventType

Publish = Callable[[str, EventType, str], Awaitable[int]]
Decision = Literal["approved", "denied"]

WORDS: Final[dict[str, Literal["pending", "approved", "denied", "expired"]]] = {
    "pending": "pending",
    "approved": "approved",
    "done": "approved",
    "denied": "denied",
}


class Approvals:
    """Binds requests to accounts, and decides them."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        rates: Rates,
        decisions: Decisions,
        sealer: Sealer,
        *,
        publish: Publish,
    ) -> None:
        self._settings = settings
        self._store = store
        self._rates = rates
        self._decisions = decisions
        self._sealer = sealer
        self._publish = publish

    def routes(self) -> list[Route]:
        """This file's rows of the route table."""
        return [
            Route("GET", "/v1/approvals", self.waiting, "device", summary="What waits for consent"),
            Route(
                "POST",
                "/v1/approvals/claim",
                self.claim,
                "device",
                body="json",
                summary="Bring a device that shows a code to this account",
            ),
            Route("POST", "/v1/approvals/{id}/approve", self.approve, "device", owns="approval", summary="Say yes"),
            Route("POST", "/v1/approvals/{id}/deny", self.deny, "device", owns="approval", summary="Say no"),
        ]

    async def waiting(self, call: Call) -> web.StreamResponse:
        """All pending requests of the account, oldest first."""
        account_id = call.who.account_id
        query = (
            select(requests)
            .where(requests.c.account_id == account_id, requests.c.status == "pending")
            .where(requests.c.expires_at > now_us())
            .order_by(requests.c.id)
        )
        rows = await self._store.read(lambda connection: connection.execute(query).all())
        return json_response({"approvals": [view(row).model_dump() for row in rows]})

    async def claim(self, call: Call) -> web.StreamResponse:
        """Bind the device that shows `user_code` to the caller's account; it then waits for approve or deny.

        Problem code_not_valid, too_many_pending, rate_limited. Every try counts, the right ones too.
        """
        typed = parsed(ClaimRequest, call.body)
        self._rates.hit(f"{self._settings.code_tries}/minute", "claim", call.device)
        self._rates.hit(self._settings.code_tries_rate, "codes")
        account_id, code = call.who.account_id, self._sealer.code_digest(typed.user_code)
        row = await self._store.write(
            lambda connection: claim(connection, account_id, code, self._settings.pending_approvals)
        )
        call.notes["request"] = row.id
        return model_response(view(row))

    async def approve(self, call: Call) -> web.StreamResponse:
        return await self._decide(call, "approved")

    async def deny(self, call: Call) -> web.StreamResponse:
        return await self._decide(call, "denied")

    async def _decide(self, call: Call, decision: Decision) -> web.StreamResponse:
        request_id, account_id, device_id = call.request.match_info["id"], call.who.account_id, call.device
        most = self._settings.devices_per_account
        row = await self._store.write(
            lambda connection: decide(connection, request_id, account_id, device_id, decision, most_devices=most)
        )
        self._decisions.tell(request_id)
        call.notes["request"] = request_id
        return model_response(view(row))

    async def bind(self, request_id: str, browser_hash: str, code: str) -> connect_codes.Refusal | None:
        """Try a connect code for an assistant's request of this browser; the laptop hears of a right one.

        None when it now waits for the laptop. Raises Problem rate_limited: all addresses together have so many tries,
        right ones too, as many addresses are cheap.
        """
        self._rates.hit(self._settings.code_tries_rate, "codes")
        tries, most = self._settings.code_tries, self._settings.pending_approvals
        digest = self._sealer.code_digest(code)
        outcome = await self._store.write(
            lambda connection: connect_codes.bind(
                connection, request_id, browser_hash, digest, tries=tries, most_pending=most
            )
        )
        if not isinstance(outcome, connect_codes.Bound):
            return outcome
        await self._publish(outcome.account_id, "approval", view(outcome.row).model_dump_json())
        return None


def view(row: Row[Any]) -> Approval:
    """A row of `requests` as the wire says it."""
    late = row.status in {"open", "pending"} and row.expires_at <= now_us()
    return Approval(
        id=row.id,
        kind=row.kind,
        name=row.name,
        host=row.host,
        scopes=row.scopes,
        actions=row.actions,
        status="expired" if late else WORDS.get(row.status, "expired"),
        created_at=to_timestamp(row.created_at),
        expires_at=to_timestamp(row.expires_at),
    )


def claim(connection: Connection, account_id: str, code_digest: str, most_pending: int) -> Row[Any]:
    """Bind the device request of the code to the account. Raises Problem code_not_valid, too_many_pending."""
    now = now_us()
    found = connection.execute(
        select(requests.c.id, requests.c.account_id, requests.c.status).where(
            requests.c.user_code_hash == code_digest,
            requests.c.kind == "device",
            requests.c.expires_at > now,
        )
    ).one_or_none()
    again = found is not None and found.status == "pending" and found.account_id == account_id
    if found is None or not (found.status == "open" or again):
        raise Problem("code_not_valid", "No device waits with this code: it is wrong, used or expired.")
    if not again:
        if connect_codes.pending(connection, account_id) >= most_pending:
            raise Problem("too_many_pending", f"Already {most_pending} requests wait for your answer.")
        connection.execute(
            update(requests)
            .where(requests.c.id == found.id, requests.c.status == "open")
            .values(status="pending", account_id=account_id)
        )
    return connection.execute(select(requests).where(requests.c.id == found.id)).one()


def decide(
    connection: Connection, request_id: str, account_id: str, device_id: str, decision: Decision, *, most_devices: int
) -> Row[Any]:
    """Settle a pending request of the account, once. The same answer again changes nothing and is no error.

    Raises Problem request_not_found (unknown, foreign, expired, or decided the other way), too_many_devices.
    """
    changed = connection.execute(
        update(requests)
        .where(requests.c.id == request_id, requests.c.account_id == account_id)
        .where(requests.c.status == "pending", requests.c.expires_at > now_us())
        .values(status=decision, decided_by=device_id)
    )
    row = connection.execute(
        select(requests).where(requests.c.id == request_id, requests.c.account_id == account_id)
    ).one_or_none()
    if row is None or (changed.rowcount == 0 and WORDS.get(row.status) != decision):
        raise Problem("request_not_found", "No such request waits for an answer here; it may have expired.")
    if changed.rowcount and row.kind == "device" and decision == "approved":
        room_for_device(connection, account_id, most_devices)
    return row


def room_for_device(connection: Connection, account_id: str, most: int) -> None:
    """Raise Problem too_many_devices when the account has as many as it may."""
    count = connection.execute(
        select(func.count())
        .select_from(devices)
        .where(devices.c.account_id == account_id, devices.c.revoked_at.is_(None))
    ).scalar_one()
    if count >= most:
        raise Problem("too_many_devices", f"This account has {count} devices, and {most} is the most.")
