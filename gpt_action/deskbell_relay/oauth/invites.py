"""Invites: who may make an account on this relay. Stored as a hash, valid for a day, used once."""

from typing import Final

from sqlalchemy import Connection, delete, func, insert, select, update

from deskbell_relay.oauth.secrets import digest, new_secret
from deskbell_relay.store.identity_tables import invites
from deskbell_relay.store.tables import accounts
from deskbell_wire.clock import DAY, now_us

LIFETIME_US: Final = DAY


def create(connection: Connection, *, lifetime_us: int = LIFETIME_US, first: bool = False) -> tuple[str, int]:
    """A new invite, and when it expires (microseconds since the epoch). The text is shown once and kept by nobody."""
    now = now_us()
    text = new_secret()
    expires_at = now + lifetime_us
    connection.execute(
        insert(invites).values(hash=digest(text), first=int(first), created_at=now, expires_at=expires_at)
    )
    return text, expires_at


def first(connection: Connection) -> str | None:
    """The invite of a relay that has no account yet; None when it has one.

    Each start makes a new one, and the one of the start before ends: nobody remembers its text.
    """
    if connection.execute(select(func.count()).select_from(accounts)).scalar_one():
        return None
    connection.execute(delete(invites).where(invites.c.first == 1))
    return create(connection, first=True)[0]


def redeem(connection: Connection, text: str) -> bool:
    """Use an invite up, in one compare-and-set: of any number of callers one hears True."""
    now = now_us()
    used = connection.execute(
        update(invites)
        .where(invites.c.hash == digest(text.strip()), invites.c.used_at.is_(None), invites.c.expires_at > now)
        .values(used_at=now)
    )
    return used.rowcount == 1


def purge(connection: Connection) -> int:
    """Delete what can no longer be used; how many went."""
    now = now_us()
    return connection.execute(
        delete(invites).where((invites.c.expires_at <= now) | invites.c.used_at.is_not(None))
    ).rowcount
