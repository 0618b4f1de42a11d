"""Accepting submissions: joining those that are the same, choosing devices, and making commands durable, many at once."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, select

from deskbell_relay.channel import log
from deskbell_relay.channel.log import Entry
from deskbell_relay.dispatch.choice import able, choose
from deskbell_relay.dispatch.roster import Candidate, Roster, Rosters
from deskbell_relay.dispatch.submission import Acceptance, Fresh, Submission
from deskbell_relay.store.prepared import Prepared, PreparedInsert, one_of
from deskbell_relay.store.tables import commands
from deskbell_wire.clock import now_us, to_timestamp
from deskbell_wire.command import OWN_DEVICE, Assistant, Command
from deskbell_wire.errors import Problem

# By one column each: two lists in one query would be looked up pair by pair.
_SAME = Prepared(
    lambda count: select(commands.c.id, commands.c.grant_id, commands.c.fingerprint).where(
        one_of(commands.c.fingerprint, "fingerprint", count), commands.c.finished_at.is_(None)
    ),
    each="fingerprint",
)
_KEYED = Prepared(
    lambda count: select(commands.c.id, commands.c.grant_id, commands.c.idempotency_key, commands.c.fingerprint).where(
        one_of(commands.c.idempotency_key, "key", count)
    ),
    each="key",
)
_INSERT = PreparedInsert(
    commands,
    (
        "id",
        "account_id",
        "device_id",
        "grant_id",
        "action",
        "fingerprint",
        "idempotency_key",
        "seq",
        "status",
        "received_at",
        "appended_at",
        "expires_at",
    ),
)


class Acceptor:
    """The write operation of dispatch."""

    def __init__(self, rosters: Rosters) -> None:
        self._rosters = rosters

    def __call__(self, connection: Connection, items: Sequence[Submission]) -> list[Acceptance | Exception]:
        """Accept each submission, or give the Problem that refuses it."""
        now = now_us()
        heads, rosters = self._rosters.read(connection, {item.principal.account_id for item in items})
        outcomes: dict[str, Acceptance | Exception] = {}
        fresh: list[tuple[Submission, list[Candidate]]] = []
        earlier = Earlier(connection, items)
        for item in items:
            try:
                command_id = earlier.find(item)
                if command_id is not None:
                    outcomes[item.command_id] = Acceptance(command_id)
                    continue
                fresh.append((item, able(_others(item, rosters), item.action.id, item.device, item.local_action)))
                earlier.add(item)
            except Problem as problem:
                outcomes[item.command_id] = problem
        if fresh:
            online = self._rosters.online(connection, {device.id for _, devices in fresh for device in devices}, now)
            chosen = [(item, choose(devices, online)) for item, devices in fresh]
            entries = [_entry(item, device) for item, device in chosen]
            appended = log.append(connection, entries, now=now, heads=heads)
            rows = [_row(item, device, event.seq, now) for (item, device), event in zip(chosen, appended, strict=True)]
            _INSERT.run(connection, rows)
            for (item, device), event, row in zip(chosen, appended, rows, strict=True):
                whole = {**_UNTOUCHED, **row, "device_name": device.name}
                outcomes[item.command_id] = Acceptance(item.command_id, Fresh(event, whole, device.id in online))
        return [outcomes[item.command_id] for item in items]


class Earlier:
    """The commands that a submission may turn out to be a repetition of; those of the same group count too."""

    def __init__(self, connection: Connection, items: Sequence[Submission]) -> None:
        asked = list({item.fingerprint for item in items})
        self._open: dict[tuple[str, str], str] = {
            (grant, fingerprint): command for command, grant, fingerprint in _SAME.rows(connection, {}, asked)
        }
        keys = list({item.idempotency_key for item in items if item.idempotency_key is not None})
        self._keyed: dict[tuple[str, str], tuple[str, str]] = {
            (grant, key): (command, fingerprint)
            for command, grant, key, fingerprint in _KEYED.rows(connection, {}, keys)
        }

    def find(self, item: Submission) -> str | None:
        """The id of the command that `item` joins. Raises Problem idempotency_conflict.

        With a key, the key decides: the same key is the same request for as long as its command is kept, and another
        key is a wish to do it again. Without one, a request joins its equal that is still in flight.
        """
        if item.idempotency_key is None:
            return self._open.get((item.asker_id, item.fingerprint))
        found = self._keyed.get((item.asker_id, item.idempotency_key))
        if found is None:
            return None
        command_id, fingerprint = found
        if fingerprint != item.fingerprint:
            raise Problem(
                "idempotency_conflict",
                f"The idempotency key {item.idempotency_key!r} was used for a different request; nothing was done.",
            )
        return command_id

    def add(self, item: Submission) -> None:
        """A new command, which the next of this group may repeat."""
        self._open[item.asker_id, item.fingerprint] = item.command_id
        if item.idempotency_key is not None:
            self._keyed[item.asker_id, item.idempotency_key] = (item.command_id, item.fingerprint)


def _others(item: Submission, rosters: Mapping[str, Roster]) -> Sequence[Candidate]:
    """The account's devices; where one of them asks, the others, or itself before them if it means itself too."""
    devices, asking = rosters[item.principal.account_id].devices, item.principal.device_id
    if asking is None:
        return devices
    others = [device for device in devices if device.id != asking]
    return [device for device in devices if device.id == asking] + others if item.itself else others


def _entry(item: Submission, device: Candidate) -> Entry:
    principal = item.principal
    host = principal.host if principal.device_id is None else OWN_DEVICE
    command = Command.model_construct(
        id=item.command_id,
        action=item.action.id,
        arguments=item.arguments,
        device_id=device.id,
        assistant=Assistant.model_construct(grant_id=item.asker_id, name=principal.name, host=host),
        received_at=to_timestamp(item.received_us),
        expires_at=to_timestamp(item.expires_us),
    )
    return Entry(principal.account_id, "command", command.model_dump_json(), command)


def _row(item: Submission, device: Candidate, seq: int, now: int) -> dict[str, Any]:
    return {
        "id": item.command_id,
        "account_id": item.principal.account_id,
        "device_id": device.id,
        "grant_id": item.asker_id,
        "action": item.action.id,
        "fingerprint": item.fingerprint,
        "idempotency_key": item.idempotency_key,
        "seq": seq,
        "status": "queued",
        "received_at": item.received_us,
        "appended_at": now,
        "expires_at": item.expires_us,
    }


_UNTOUCHED: Final[dict[str, Any]] = {column.name: None for column in commands.c}
"""What a new command's row holds where nothing was written."""
