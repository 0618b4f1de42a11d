"""Signing keys: sealed, rotated with overlap, shared by processes, and gone at once when they have leaked."""

import base64
import hashlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import jwt
import pytest
from assistants import connect
from forged_tokens import keys_of, status_of
from paired_relay import Laptop, PairedRelay
from pydantic import ValidationError
from sqlalchemy import Connection, select, update

from deskbell_relay.app import prepare_database
from deskbell_relay.oauth import keys as room
from deskbell_relay.oauth.keys import Keys
from deskbell_relay.oauth.sealing import SealBrokenError, Sealer, relay_secret
from deskbell_relay.settings import Settings
from deskbell_relay.store.engine import SQLiteStore
from deskbell_relay.store.identity_tables import signing_keys
from deskbell_wire.clock import SECOND, now_us

SECRET = "Ahb7eeZuu2quuo8ohnaeGh5aiXei8pha"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path, secret=SECRET)  # type: ignore[arg-type]
    prepare_database(settings)
    return settings


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[SQLiteStore]:
    store = SQLiteStore(settings.database)
    yield store
    await store.close()


async def started(store: SQLiteStore, settings: Settings, secret: str = SECRET) -> Keys:
    keys = Keys(store, Sealer(secret), settings)
    await keys.start()
    return keys


def kids(keys: Keys) -> list[str]:
    return [key["kid"] for key in keys.jwks()["keys"]]


async def let_pass(store: SQLiteStore, seconds: int) -> None:
    """Set every time of the keys back."""

    def operation(connection: Connection) -> int:
        columns = ("created_at", "active_from", "retires_at")
        back = {name: signing_keys.c[name] - seconds * SECOND for name in columns}
        return connection.execute(update(signing_keys).values(back)).rowcount

    await store.write(operation)


async def test_the_kid_is_the_keys_thumbprint(store: SQLiteStore, settings: Settings) -> None:
    keys = await started(store, settings)
    [published] = keys.jwks()["keys"]
    required = {name: published[name] for name in ("crv", "kty", "x")}
    text = json.dumps(required, separators=(",", ":"), sort_keys=True).encode()
    assert published["kid"] == base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()
    assert (published["alg"], published["use"], published["kty"], published["crv"]) == (
        "EdDSA",
        "sig",
        "OKP",
        "Ed25519",
    )
    assert "d" not in published


async def test_a_key_is_published_before_it_signs_and_believed_until_its_last_token_ends(
    store: SQLiteStore, settings: Settings
) -> None:
    keys = await started(store, settings)
    old = keys.signer().kid
    await let_pass(store, settings.key_rotation_s - room.PUBLISHED_AHEAD_S - 5)
    await keys.turn()
    assert kids(keys) == [old], "not yet"
    await let_pass(store, 10)
    await keys.turn()
    [new] = set(kids(keys)) - {old}
    assert keys.signer().kid == old, "published, and silent still"
    await keys.turn()
    assert len(kids(keys)) == 2, "one successor is enough"
    await let_pass(store, room.PUBLISHED_AHEAD_S)
    await keys.turn()
    assert keys.signer().kid == new
    await let_pass(store, settings.longest_token_s + 60)
    assert not await keys.turn()
    assert keys.verifier(old) is not None, "its last token has just ended, by a slow clock"
    await let_pass(store, room.BELIEVED_BEYOND_S)
    assert await keys.turn(), "says that a key has gone"
    assert kids(keys) == [new]
    assert keys.verifier(old) is None


async def test_two_processes_agree(store: SQLiteStore, settings: Settings) -> None:
    one, two = await started(store, settings), await started(store, settings)
    assert kids(one) == kids(two)
    await room.rotate(store, settings)
    await one.turn()
    await two.turn()
    assert kids(one) == kids(two)
    assert len(kids(one)) == 2


async def test_a_rotation_in_use_changes_nothing_for_those_signed_in(relay: PairedRelay, laptop: Laptop) -> None:
    keys = keys_of(relay)
    await room.rotate(relay.core.store, relay.settings)
    assert (await status_of(laptop, laptop.access_token))[0] == 200
    ahead = update(signing_keys).where(signing_keys.c.retires_at.is_(None)).values(active_from=now_us() - 1)
    await relay.core.store.write(lambda connection: connection.execute(ahead).rowcount)
    await keys.turn()
    assistant = await connect(laptop)
    kid = jwt.get_unverified_header(assistant.access_token)["kid"]
    assert kid != jwt.get_unverified_header(laptop.access_token)["kid"]
    assert await assistant.act() == 200
    assert (await status_of(laptop, laptop.access_token))[0] == 200


async def test_a_key_of_another_process_is_found_when_its_first_token_comes(relay: PairedRelay, laptop: Laptop) -> None:
    await room.rotate(relay.core.store, relay.settings)
    ahead = update(signing_keys).where(signing_keys.c.retires_at.is_(None)).values(active_from=now_us() - 1)
    await relay.core.store.write(lambda connection: connection.execute(ahead).rowcount)
    other = Keys(relay.core.store, Sealer(relay_secret(relay.settings)), relay.settings)
    await other.start()
    claims = jwt.decode(laptop.access_token, options={"verify_signature": False})
    signer = other.signer()
    token = jwt.encode(claims, signer.private, algorithm="EdDSA", headers={"typ": "at+jwt", "kid": signer.kid})
    assert keys_of(relay).verifier(signer.kid) is None
    assert (await status_of(laptop, token))[0] == 200


async def test_after_a_leak_no_old_token_is_believed_and_a_refresh_brings_everybody_back(
    relay: PairedRelay, laptop: Laptop
) -> None:
    assert (await status_of(laptop, laptop.access_token))[0] == 200
    await room.rotate(relay.core.store, relay.settings, at_once=True)
    await relay.core.identity._look_after_keys()
    assert (await status_of(laptop, laptop.access_token))[:2] == (401, "invalid_token")
    form = {"grant_type": "refresh_token", "refresh_token": laptop.refresh_token, "client_id": "deskbell-daemon"}
    status, tokens = await relay.post("/oauth/token", form=form)
    assert status == 200
    assert (await status_of(laptop, tokens["access_token"]))[0] == 200


async def test_a_copy_of_the_database_signs_nothing(store: SQLiteStore, settings: Settings) -> None:
    await started(store, settings)
    row = await store.read(lambda connection: connection.execute(select(signing_keys)).one())
    with pytest.raises(SealBrokenError):
        Sealer("another secret, which is not the relay's").open(row.sealed_private, row.kid)
    raw = Sealer(SECRET).open(row.sealed_private, row.kid)
    assert len(raw) == 32
    for file in settings.data_dir.iterdir():
        held = file.read_bytes()
        assert raw not in held
        assert base64.b64encode(raw) not in held
        assert SECRET.encode() not in held


async def test_a_key_that_was_put_into_the_database_by_hand_is_not_believed(
    store: SQLiteStore, settings: Settings
) -> None:
    keys = await started(store, settings)
    forged = room.new_key()
    kid = room.thumbprint(forged.public_key())
    sealed = Sealer("the intruder's own secret of enough length").seal(forged.private_bytes_raw(), kid)
    planted = update(signing_keys).values(kid=kid, sealed_private=sealed)
    await store.write(lambda connection: connection.execute(planted).rowcount)
    await keys.turn()
    assert keys.verifier(kid) is None


async def test_another_secret_is_told_to_the_operator_at_the_start(store: SQLiteStore, settings: Settings) -> None:
    await started(store, settings)
    with pytest.raises(SystemExit, match="DESKBELL_SECRET"):
        await started(store, settings, "quite another secret of the right length")


def test_a_seal_opens_for_its_purpose_alone_and_shows_every_change() -> None:
    sealer = Sealer(SECRET)
    sealed = sealer.seal(b"key", "a")
    assert sealer.open(sealed, "a") == b"key"
    assert sealer.seal(b"key", "a") != sealed
    raw = bytearray(base64.b64decode(sealed))
    raw[-1] ^= 1
    for text, purpose in ((sealed, "b"), (base64.b64encode(raw).decode(), "a"), ("", "a"), ("AAAA", "a"), ("é", "a")):
        with pytest.raises(SealBrokenError):
            sealer.open(text, purpose)


def test_the_secret_is_made_once_and_is_nobody_elses_to_read(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    secret = relay_secret(settings)
    assert len(secret) >= 43
    assert relay_secret(settings) == secret
    path = settings.data_dir / "relay.secret"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in settings.data_dir.iterdir()] == ["relay.secret"]


def test_a_secret_that_others_can_read_or_that_is_cut_short_stops_the_start(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    relay_secret(settings)
    path = tmp_path / "relay.secret"
    if os.name == "posix":  # elsewhere a mode does not tell who may read
        path.chmod(0o644)
        with pytest.raises(SystemExit, match="chmod 600"):
            relay_secret(settings)
        path.chmod(0o600)
    path.write_text("short")
    with pytest.raises(SystemExit, match="32 characters"):
        relay_secret(settings)


@pytest.mark.parametrize("secret", ["", "secret", "changeme" * 8, "x" * 64, "0123456789" * 3])
def test_a_weak_secret_is_no_setting(tmp_path: Path, secret: str) -> None:
    with pytest.raises(ValidationError):
        Settings(data_dir=tmp_path, secret=secret)  # type: ignore[arg-type]
