"""Accounts, devices, grants and their tokens in bulk: pairing 5,000 laptops one by one would take longer than the run."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, insert

from deskbell_relay.app import prepare_database
from deskbell_relay.oauth.audiences import Audiences
from deskbell_relay.oauth.keys import Keys, SigningKey
from deskbell_relay.oauth.sealing import Sealer, relay_secret
from deskbell_relay.oauth.tokens import mint
from deskbell_relay.settings import Settings
from deskbell_relay.store.engine import SQLiteStore
from deskbell_relay.store.tables import accounts, devices, grants
from deskbell_wire.actions import DEVICE_ACTIONS, SCOPES
from deskbell_wire.clock import now_us
from deskbell_wire.ids import new_id
from deskbell_wire.pairing import DAEMON_CLIENT

CLIENT = "bench"
TOKEN_S = 6 * 3600


@dataclass(frozen=True, slots=True)
class Seat:
    """An account with one daemon and one assistant, and the access token of each."""

    account_id: str
    device_token: str
    assistant_token: str


async def seats(environment: Mapping[str, str], count: int) -> list[Seat]:
    """Make the database of a relay with these `DESKBELL_*` variables, with `count` accounts that may do everything."""
    settings = Settings.model_validate(
        {name.removeprefix("DESKBELL_").lower(): value for name, value in environment.items()}
    )
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    await asyncio.to_thread(prepare_database, settings)
    store = SQLiteStore(settings.database)
    try:
        keys = Keys(store, Sealer(relay_secret(settings)), settings)
        await keys.start()
        ids = [(new_id("acc"), new_id("dev"), new_id("gra")) for _ in range(count)]
        await store.write(lambda connection: _insert(connection, ids))
        audiences = Audiences(settings.issuer)
        return [_seat(keys.signer(), audiences, *each) for each in ids]
    finally:
        await store.close()


def seats_now(environment: Mapping[str, str], count: int) -> list[Seat]:
    """The same, from a thread that has no loop: the driver's own must go on serving its clients."""
    return asyncio.run(seats(environment, count))


def _insert(connection: Connection, ids: list[tuple[str, str, str]]) -> None:
    now = now_us()
    connection.execute(insert(accounts), [{"id": account_id, "created_at": now} for account_id, _, _ in ids])
    connection.execute(
        insert(devices),
        [
            {
                "id": device_id,
                "account_id": account_id,
                "name": "laptop",
                "kind": "daemon",
                "actions": sorted(DEVICE_ACTIONS),
                "created_at": now,
            }
            for account_id, device_id, _ in ids
        ],
    )
    connection.execute(
        insert(grants),
        [
            {
                "id": grant_id,
                "account_id": account_id,
                "client_id": CLIENT,
                "name": "Bench",
                "host": "127.0.0.1",
                "scopes": sorted(SCOPES),
                "created_at": now,
            }
            for account_id, _, grant_id in ids
        ],
    )


def _seat(key: SigningKey, audiences: Audiences, account_id: str, device_id: str, grant_id: str) -> Seat:
    device_token = mint(
        key,
        issuer=audiences.issuer,
        audience=audiences.devices,
        account_id=account_id,
        client_id=DAEMON_CLIENT,
        scopes=(),
        lifetime_s=TOKEN_S,
        device_id=device_id,
    )
    assistant_token = mint(
        key,
        issuer=audiences.issuer,
        audience=audiences.actions,
        account_id=account_id,
        client_id=CLIENT,
        scopes=SCOPES,
        lifetime_s=TOKEN_S,
        grant_id=grant_id,
    )
    return Seat(account_id, device_token, assistant_token)
