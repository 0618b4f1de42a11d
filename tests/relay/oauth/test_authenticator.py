"""What the authenticator remembers: enough to be quick, never longer than it may."""

import time

import pytest
from assistants import connect
from paired_relay import Laptop, PairedRelay
from sqlalchemy import select, update

from deskbell_relay.oauth import authenticator as room
from deskbell_relay.store.tables import devices, grants
from deskbell_wire.clock import now_us
from deskbell_wire.errors import Problem


async def test_a_token_is_checked_once_and_then_looked_up(relay: PairedRelay, laptop: Laptop) -> None:
    check = relay.core.identity.authenticator
    first = await check.authenticate(laptop.access_token, "device")
    assert (first.account_id, first.device_id, first.name) == (laptop.account_id, laptop.device_id, "Laptop")
    started = time.perf_counter()
    for _ in range(2_000):
        assert await check.authenticate(laptop.access_token, "device") is first
    assert time.perf_counter() - started < 1, "2,000 a second is the least; a slow machine manages 100,000"


async def test_what_is_forgotten_is_checked_anew(relay: PairedRelay, laptop: Laptop) -> None:
    check = relay.core.identity.authenticator
    await check.authenticate(laptop.access_token, "device")
    ended = update(devices).where(devices.c.id == laptop.device_id).values(revoked_at=now_us())
    await relay.core.store.write(lambda connection: connection.execute(ended).rowcount)
    check.forget(laptop.device_id)
    with pytest.raises(Problem, match="revoked"):
        await check.authenticate(laptop.access_token, "device")


async def test_a_revocation_during_the_check_is_not_overlooked(relay: PairedRelay, laptop: Laptop) -> None:
    check = relay.core.identity.authenticator
    read, store = relay.core.store.read, relay.core.store

    async def slow_read(operation):  # type: ignore[no-untyped-def]
        found = await read(operation)
        check.forget(laptop.device_id)  # revoked after the row was read, before the answer is remembered
        return found

    store.read = slow_read  # type: ignore[method-assign]
    check.forget(laptop.device_id)
    await check.authenticate(laptop.access_token, "device")
    store.read = read  # type: ignore[method-assign]
    assert check._by_credential.get(laptop.device_id) is None


async def test_memory_is_bounded(relay: PairedRelay, laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_REMEMBERED", 3)
    check = relay.core.identity.authenticator
    laptops = [laptop, *[await relay.pair() for _ in range(4)]]
    for each in laptops:
        assert (await check.authenticate(each.access_token, "device")).device_id == each.device_id
    assert len(check._remembered) <= 3
    assert set(check._by_credential) == {each.device_id for each in laptops[-3:]}


async def test_the_use_of_a_grant_is_noted_once_a_minute(
    relay: PairedRelay, laptop: Laptop, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = relay.core.identity.authenticator
    assistant = await connect(laptop)
    query = select(grants.c.used_at)

    async def used_at() -> int | None:
        await check.flush()
        found: int | None = await relay.core.store.read(lambda connection: connection.execute(query).scalar_one())
        return found

    assert await used_at() is None
    await check.authenticate(assistant.access_token, "assistant")
    first = await used_at()
    assert first is not None
    await check.authenticate(assistant.access_token, "assistant")
    assert await used_at() == first
    real = time.time
    monkeypatch.setattr(room.time, "time", lambda: real() + 61)
    await check.authenticate(assistant.access_token, "assistant")
    second = await used_at()
    assert second is not None
    assert second > first


async def test_an_expired_token_is_not_remembered_any_longer(
    relay: PairedRelay, laptop: Laptop, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = relay.core.identity.authenticator
    await check.authenticate(laptop.access_token, "device")
    [remembered] = check._remembered.values()
    remembered.good_until = remembered.expires_at = time.time()
    ended = update(devices).values(revoked_at=now_us())
    await relay.core.store.write(lambda connection: connection.execute(ended).rowcount)
    with pytest.raises(Problem, match="revoked"):
        await check.authenticate(laptop.access_token, "device")
