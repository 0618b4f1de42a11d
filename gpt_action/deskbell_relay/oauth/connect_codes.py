"""Connect codes: the laptop shows one, the person types it into the page that an assistant has opened.

That ties the assistant's request to the account. It allows nothing yet: the laptop is asked next.
"""

from dataclasses import dataclass
from typing import Final, Literal

from aiohttp import web
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from deskbell_relay.http.responses import model_response
from deskbell_relay.http.route import Call, Route
from deskbell_relay.oauth.sealing import Sealer
from deskbell_relay.oauth.secrets import user_code
from deskbell_relay.store.engine import Store
from deskbell_relay.store.identity_tables import connect_codes, requests
from deskbell_wire.clock import MINUTE, now_us, to_timestamp
from deskbell_wire.pairing import ConnectCode

LIFETIME_US: Final = 5 * MINUTE
APPROVAL_LIFETIME_US: Final = 10 * MINUTE
"""How long a question waits on the laptop. No answer is a no."""

MOST_LIVING: Final = 3
"""Codes of one account that work at the same time; a newer one ends the oldest, so that asking often helps no guesser."""

Refusal = Literal["gone", "wrong", "ended", "too_many"]
"""gone: no such open request of this browser. wrong: try again. ended: that was the last try. too_many: answer others first."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A request that now waits for the laptop of `account_id`."""

    account_id: str
    row: Row[tuple[object, ...]]


class ConnectCodes:
    """The route that gives a code to a laptop."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer

    def routes(self) -> list[Route]:
        """This file's row of the route table."""
        return [Route("POST", "/v1/connect-codes", self.give, "device", summary="A code to connect an assistant")]

    async def give(self, call: Call) -> web.StreamResponse:
        """201 with a ConnectCode."""
        account_id, device_id = call.who.account_id, call.device
        code = await self._store.write(lambda connection: create(connection, self._sealer, account_id, device_id))
        return model_response(code, status=201)


def create(connection: Connection, sealer: Sealer, account_id: str, device_id: str) -> ConnectCode:
    """A new code of the account; the text is kept by nobody."""
    now = now_us()
    living = connection.execute(
        select(connect_codes.c.hash)
        .where(connect_codes.c.account_id == account_id, connect_codes.c.used_at.is_(None))
        .where(connect_codes.c.expires_at > now)
        .order_by(connect_codes.c.expires_at.desc())
        .offset(MOST_LIVING - 1)
    ).scalars()
    connection.execute(delete(connect_codes).where(connect_codes.c.hash.in_(living.all())))
    text = user_code()
    connection.execute(
        insert(connect_codes).values(
            hash=sealer.code_digest(text), account_id=account_id, device_id=device_id, expires_at=now + LIFETIME_US
        )
    )
    return ConnectCode(code=text, expires_at=to_timestamp(now + LIFETIME_US))


def bind(
    connection: Connection, request_id: str, browser_hash: str, code_digest: str, *, tries: int, most_pending: int
) -> Bound | Refusal:
    """Tie an assistant's open request to the account whose laptop shows the code, and use the code up.

    Answers instead of raising, because a wrong try must be counted and an exception would take the count back.
    `tries` wrong ones end the request. A code is not used up when the account cannot take one more question.
    """
    now = now_us()
    found = connection.execute(
        select(requests.c.tries)
        .where(requests.c.id == request_id, requests.c.browser_hash == browser_hash)
        .where(requests.c.kind == "assistant", requests.c.status == "open", requests.c.expires_at > now)
        .with_for_update()
    ).one_or_none()
    if found is None:
        return "gone"
    usable = connection.execute(
        select(connect_codes.c.hash, connect_codes.c.account_id).where(
            connect_codes.c.hash == code_digest,
            connect_codes.c.used_at.is_(None),
            connect_codes.c.expires_at > now,
        )
    ).one_or_none()
    if usable is None:
        return _wrong(connection, request_id, found.tries + 1, tries)
    if pending(connection, usable.account_id) >= most_pending:
        return "too_many"
    taken = connection.execute(
        update(connect_codes)
        .where(connect_codes.c.hash == usable.hash, connect_codes.c.used_at.is_(None))
        .values(used_at=now)
    )
    if taken.rowcount != 1:
        return _wrong(connection, request_id, found.tries + 1, tries)
    connection.execute(
        update(requests)
        .where(requests.c.id == request_id)
        .values(status="pending", account_id=usable.account_id, expires_at=now + APPROVAL_LIFETIME_US)
    )
    return Bound(usable.account_id, connection.execute(select(requests).where(requests.c.id == request_id)).one())


def _wrong(connection: Connection, request_id: str, count: int, most: int) -> Refusal:
    ended = count >= most
    values = {"tries": count, "status": "ended"} if ended else {"tries": count}
    connection.execute(update(requests).where(requests.c.id == request_id).values(values))
    return "ended" if ended else "wrong"


def pending(connection: Connection, account_id: str) -> int:
    """How many questions wait on the account's laptops."""
    return connection.execute(
        select(func.count())
        .select_from(requests)
        .where(requests.c.account_id == account_id, requests.c.status == "pending", requests.c.expires_at > now_us())
    ).scalar_one()


def purge(connection: Connection) -> int:
    """Delete codes that no longer work; how many went."""
    return connection.execute(
        delete(connect_codes).where((connect_codes.c.expires_at <= now_us()) | connect_codes.c.used_at.is_not(None))
    ).rowcount
