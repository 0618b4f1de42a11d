"""Accepting submissions: joining those that are the same, choosing devices, and making commands durable, many at once."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from deskbell_relay.channel import log
from deskbell_relay.channel.log import Entry
from deskbell_relay.dispatch.choice import Candidate, choose
from deskbell_relay.dispatch.submission import Acceptance, Submission
from deskbell_relay.store.tables import commands, devices
from deskbell_wire.clock import SECOND, now_us, to_timestamp
from deskbell_wire.command import Assistant, Command
from deskbell_wire.errors import Problem
from deskbell_wire.ids import new_id

_DEVICES = select(
    devices.c.id, devices.c.account_id, devices.c.name, devices.c.actions, devices.c.rank, devices.c.online_until
).where(devices.c.account_id.in_(bindparam("accounts", expanding=True)), devices.c.revoked_at.is_(None))
_SAME = select(commands.c.id, commands.c.grant_id, commands.c.fingerprint, commands.c.device_id).where(
    commands.c.grant_id.in_(bindparam("grants", expanding=True)),
    commands.c.fingerprint.in_(bindparam("fingerprints", expanding=True)),
    commands.c.finished_at.is_(None),
)
_KEYED = select(
    commands.c.id, commands.c.grant_id, commands.c.idempotency_key, commands.c.fingerprint, commands.c.device_id
).where(
    commands.c.grant_id.in_(bindparam("grants", expanding=True)),
    commands.c.idempotency_key.in_(bindparam("keys", expanding=True)),
)
_INSERT = insert(commands)

Key = tuple[str, str]
"""A grant, and a fingerprint or an idempotency key."""


class Acceptor:
    """The write operation of dispatch; `is_online` knows the streams of this process."""

    def __init__(self, is_online: Callable[[str], bool]) -> None:
        self._is_online = is_online

    def __call__(self, connection: Connection, items: Sequence[Submission]) -> list[Acceptance | Exception]:
        """Accept each submission, or give the Problem that refuses it."""
        now = now_us()
        fingerprints = [item.fingerprint() for item in items]
        devices_of = self._devices(connection, items, now)
        same = _open_commands(connection, items, fingerprints)
        keyed = _keyed_commands(connection, items)
        outcomes: list[Acceptance | Exception | None] = []
        entries: list[Entry] = []
        rows: list[dict[str, Any]] = []
        for item, fingerprint in zip(items, fingerprints, strict=True):
            grant = _grant(item)
            candidates = devices_of[item.principal.account_id]
            try:
                earlier = _earlier(item, grant, fingerprint, same, keyed)
                if earlier is not None:
                    command_id, device_id = earlier
                    online = any(c.online for c in candidates if c.id == device_id)
                    outcomes.append(Acceptance(command_id, online))
                    continue
                device = choose(candidates, item.action.id, item.device)
            except Problem as problem:
                outcomes.append(problem)
                continue
            command = _command(item, grant, device)
            same[grant, fingerprint] = (command.id, device.id)
            if item.idempotency_key is not None:
                keyed[grant, item.idempotency_key] = (command.id, device.id, fingerprint)
            data = json.dumps(command.model_dump(), ensure_ascii=False, separators=(",", ":"))
            entries.append(Entry(item.principal.account_id, "command", data, command))
            rows.append(_row(item, command, fingerprint, now))
            outcomes.append(None)  # its number is not known yet
        appended = iter(log.append(connection, entries, now=now) if entries else ())
        fresh = iter(rows)
        complete: list[Acceptance | Exception] = []
        for outcome in outcomes:
            if outcome is not None:
                complete.append(outcome)
                continue
            event, row = next(appended), next(fresh)
            row["seq"] = event.seq
            made = event.entry.command
            assert made is not None
            online = any(c.online for c in devices_of[event.entry.account_id] if c.id == made.device_id)
            complete.append(Acceptance(made.id, online, event))
        if rows:
            connection.execute(_INSERT, rows)
        return complete

    def _devices(self, connection: Connection, items: Sequence[Submission], now: int) -> dict[str, list[Candidate]]:
        accounts = {item.principal.account_id for item in items}
        found: dict[str, list[Candidate]] = defaultdict(list)
        for row in connection.execute(_DEVICES, {"accounts": list(accounts)}):
            online = self._is_online(row.id) or row.online_until > now
            found[row.account_id].append(Candidate(row.id, row.name, frozenset(row.actions), row.rank, online))
        return found


def _grant(item: Submission) -> str:
    assert item.principal.grant_id is not None, "only assistants submit commands"
    return item.principal.grant_id


def _open_commands(
    connection: Connection, items: Sequence[Submission], fingerprints: Sequence[str]
) -> dict[Key, tuple[str, str]]:
    """The unfinished commands that say the same, by grant and fingerprint: (command, device)."""
    parameters = {"grants": list({_grant(item) for item in items}), "fingerprints": list(set(fingerprints))}
    return {(row.grant_id, row.fingerprint): (row.id, row.device_id) for row in connection.execute(_SAME, parameters)}


def _keyed_commands(connection: Connection, items: Sequence[Submission]) -> dict[Key, tuple[str, str, str]]:
    """The commands with these idempotency keys, by grant and key: (command, device, fingerprint)."""
    keys = {item.idempotency_key for item in items if item.idempotency_key is not None}
    if not keys:
        return {}
    parameters = {"grants": list({_grant(item) for item in items}), "keys": list(keys)}
    rows = connection.execute(_KEYED, parameters)
    return {(row.grant_id, row.idempotency_key): (row.id, row.device_id, row.fingerprint) for row in rows}


def _earlier(
    item: Submission,
    grant: str,
    fingerprint: str,
    same: dict[Key, tuple[str, str]],
    keyed: dict[Key, tuple[str, str, str]],
) -> tuple[str, str] | None:
    """The command that this submission joins: (command, device). Raises Problem idempotency_conflict.

    With a key, the key decides: the same key is the same request for as long as its command is kept, and another key
    is a wish to do it again.
    """
    if item.idempotency_key is None:
        return same.get((grant, fingerprint))
    found = keyed.get((grant, item.idempotency_key))
    if found is None:
        return None
    command_id, device_id, first = found
    if first != fingerprint:
        raise Problem(
            "idempotency_conflict",
            f"The idempotency key {item.idempotency_key!r} was used for a different request; nothing was done.",
        )
    return command_id, device_id


def _command(item: Submission, grant: str, device: Candidate) -> Command:
    return Command.model_construct(
        id=new_id("cmd"),
        action=item.action.id,
        arguments=item.arguments,
        device_id=device.id,
        assistant=Assistant.model_construct(grant_id=grant, name=item.principal.name, host=item.principal.host),
        received_at=to_timestamp(item.received_us),
        expires_at=to_timestamp(item.received_us + item.action.lifetime_s * SECOND),
    )


def _row(item: Submission, command: Command, fingerprint: str, now: int) -> dict[str, Any]:
    return {
        "id": command.id,
        "account_id": item.principal.account_id,
        "device_id": command.device_id,
        "grant_id": command.assistant.grant_id,
        "action": command.action,
        "fingerprint": fingerprint,
        "idempotency_key": item.idempotency_key,
        "status": "queued",
        "received_at": item.received_us,
        "appended_at": now,
        "expires_at": item.received_us + item.action.lifetime_s * SECOND,
    }
