"""The account's log in the database: append with gapless numbers, read after a cursor, forget what is old."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, Connection, bindparam, delete, func, select, update

from deskbell_relay.store.prepared import Prepared, PreparedInsert, one_of, parameter
from deskbell_relay.store.tables import accounts, events
from deskbell_wire.command import Command
from deskbell_wire.stream import EventType


@dataclass(frozen=True, slots=True)
class Entry:
    """An event before it has its number."""

    account_id: str
    type: EventType
    data: str
    """JSON."""
    command: Command | None = None
    """The command that the event carries, for what follows in this process."""


@dataclass(frozen=True, slots=True)
class Appended:
    """A durable event."""

    seq: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class Extent:
    """Which events an account keeps. With none kept, `oldest` is `newest + 1`."""

    oldest: int
    newest: int


_HEADS = Prepared(
    lambda count: select(accounts.c.id, accounts.c.seq).where(one_of(accounts.c.id, "id", count)).with_for_update(),
    each="id",
)
_ADVANCE = Prepared(
    lambda count: (
        update(accounts)
        .where(one_of(accounts.c.id, "id", count))
        .values(seq=accounts.c.seq + bindparam("more", type_=BigInteger))
    ),
    each="id",
)
_INSERT = PreparedInsert(events, ("account_id", "seq", "type", "data", "created_at"))
_AFTER = (
    select(events.c.seq, events.c.type, events.c.data)
    .where(events.c.account_id == bindparam("account"), events.c.seq > bindparam("after"))
    .order_by(events.c.seq)
    .limit(bindparam("most"))
)
_SHRINK = Prepared(
    lambda _: (
        update(events)
        .where(
            events.c.account_id == parameter("account", events.c.account_id),
            events.c.seq == parameter("number", events.c.seq),
        )
        .values(type="cancel", data=parameter("stub", events.c.data))
    )
)


def heads_for_update(connection: Connection, account_ids: Collection[str]) -> dict[str, int]:
    """The newest number of each account, which nobody else can raise until this transaction ends."""
    return dict(_HEADS.rows(connection, {}, list(account_ids)))


def append(
    connection: Connection, entries: Sequence[Entry], *, now: int, heads: dict[str, int] | None = None
) -> list[Appended]:
    """Give each entry its account's next number and store it, in this transaction.

    The numbers are taken under the account's row, so that the order of commits is the order of numbers; `heads` are
    those numbers, when the caller has read them under that row already.
    Raises KeyError for an account that does not exist.
    """
    counts = Counter(entry.account_id for entry in entries)
    if heads is None:
        heads = heads_for_update(connection, counts)
    appended = []
    for entry in entries:
        heads[entry.account_id] += 1
        appended.append(Appended(heads[entry.account_id], entry))
    _INSERT.run(
        connection,
        [
            {
                "account_id": a.entry.account_id,
                "seq": a.seq,
                "type": a.entry.type,
                "data": a.entry.data,
                "created_at": now,
            }
            for a in appended
        ],
    )
    alike: defaultdict[int, list[str]] = defaultdict(list)
    for account_id, count in counts.items():
        alike[count].append(account_id)
    for count, account_ids in alike.items():
        _ADVANCE.rows(connection, {"more": count}, account_ids)
    return appended


def after(connection: Connection, account_id: str, seq: int, most: int) -> list[tuple[int, str, str]]:
    """Up to `most` events after `seq`, as (seq, type, data), in order."""
    rows = connection.execute(_AFTER, {"account": account_id, "after": seq, "most": most})
    return [(row.seq, row.type, row.data) for row in rows]


def extent(connection: Connection, account_id: str) -> Extent:
    """Which events the account keeps. Raises LookupError for an account that does not exist."""
    row = connection.execute(
        select(accounts.c.oldest_seq, accounts.c.seq).where(accounts.c.id == account_id)
    ).one_or_none()
    if row is None:
        raise LookupError(account_id)
    return Extent(row.oldest_seq, row.seq)


def heads(connection: Connection, account_ids: Sequence[str]) -> dict[str, int]:
    """The newest number of each account."""
    query = select(accounts.c.id, accounts.c.seq).where(accounts.c.id.in_(account_ids))
    return {row.id: row.seq for row in connection.execute(query)}


def shrink(connection: Connection, places: Iterable[tuple[str, int, str]]) -> None:
    """Empty the events of finished commands, given as (account, seq, command id): each becomes a `cancel`.

    So the contents leave the relay as soon as they are no longer needed, and a device that lost its ledger and its
    cursor is not told to run what it has already done.
    """
    rows = [
        {"account": account, "number": seq, "stub": f'{{"id":"{command_id}"}}'} for account, seq, command_id in places
    ]
    if rows:
        _SHRINK.many(connection, rows)


def forget(connection: Connection, *, before: int, keep: int) -> int:
    """Delete events made before the instant `before`, and all but the newest `keep` of each account; how many went."""
    aged = (
        select(events.c.account_id, func.max(events.c.seq).label("last"))
        .where(events.c.created_at < before)
        .group_by(events.c.account_id)
    )
    ends = {row.account_id: row.last for row in connection.execute(aged)}
    crowded = select(accounts.c.id, accounts.c.seq).where(accounts.c.seq - accounts.c.oldest_seq >= keep)
    for row in connection.execute(crowded):
        ends[row.id] = max(ends.get(row.id, 0), row.seq - keep)
    gone = 0
    for account_id, last in ends.items():
        gone += connection.execute(
            delete(events).where(events.c.account_id == account_id, events.c.seq <= last)
        ).rowcount
        connection.execute(update(accounts).where(accounts.c.id == account_id).values(oldest_seq=last + 1))
    return gone
