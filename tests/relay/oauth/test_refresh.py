"""Refresh tokens: used once, with one grace, and never two living lines."""

import asyncio

import pytest
from assistants import Assistant, connect
from paired_relay import Laptop, PairedRelay
from sqlalchemy import select, update

from deskbell_relay.oauth.secrets import digest
from deskbell_relay.store.identity_tables import refresh_tokens
from deskbell_wire.clock import SECOND


@pytest.fixture
async def assistant(laptop: Laptop) -> Assistant:
    return await connect(laptop)


async def used_ago(relay: PairedRelay, token: str, seconds: int) -> None:
    """Let the first use of `token` be so many seconds ago."""
    later = (
        update(refresh_tokens)
        .where(refresh_tokens.c.hash == digest(token))
        .values(used_at=refresh_tokens.c.used_at - seconds * SECOND)
    )
    await relay.core.store.write(lambda connection: connection.execute(later).rowcount)


async def test_each_use_gives_a_new_token(assistant: Assistant) -> None:
    status, first = await assistant.refresh()
    assert status == 200
    assert first["refresh_token"] != assistant.refresh_token
    assert (first["token_type"], first["expires_in"]) == ("Bearer", 900)
    status, second = await assistant.refresh(first["refresh_token"])
    assert status == 200
    assert second["refresh_token"] not in (first["refresh_token"], assistant.refresh_token)


async def test_a_used_token_ends_its_family_and_its_grant(assistant: Assistant) -> None:
    first = (await assistant.refresh())[1]
    second = (await assistant.refresh(first["refresh_token"]))[1]
    assert await assistant.act() == 200
    status, error = await assistant.refresh()
    assert (status, error["error"]) == (400, "invalid_grant")
    status, error = await assistant.refresh(second["refresh_token"])
    assert (status, error["error"]) == (400, "invalid_grant")
    assert await assistant.act() == 401


async def test_a_lost_answer_may_be_asked_for_again_within_the_grace(assistant: Assistant) -> None:
    lost = (await assistant.refresh())[1]
    status, again = await assistant.refresh()
    assert status == 200
    assert again["refresh_token"] == lost["refresh_token"], "one line lives, not two"
    assert (await assistant.refresh(again["refresh_token"]))[0] == 200


async def test_after_the_grace_it_counts_as_stolen(relay: PairedRelay, assistant: Assistant) -> None:
    first = (await assistant.refresh())[1]
    await used_ago(relay, assistant.refresh_token, 9)
    assert (await assistant.refresh())[0] == 200
    await used_ago(relay, assistant.refresh_token, 2)
    assert (await assistant.refresh())[1]["error"] == "invalid_grant"
    assert (await assistant.refresh(first["refresh_token"]))[1]["error"] == "invalid_grant"


async def test_fifty_at_once_leave_one_living_token(relay: PairedRelay, assistant: Assistant) -> None:
    answers = await asyncio.gather(*(assistant.refresh() for _ in range(50)))
    assert {status for status, _ in answers} == {200}
    [living] = {document["refresh_token"] for _, document in answers}
    query = select(refresh_tokens.c.hash).where(
        refresh_tokens.c.used_at.is_(None), refresh_tokens.c.parent.is_not(None)
    )
    unused = await relay.core.store.read(lambda connection: list(connection.execute(query).scalars()))
    assert unused == [digest(living)]


async def test_another_client_that_brings_it_ends_the_family(assistant: Assistant) -> None:
    status, error = await assistant.refresh(client_id="deskbell-cli", client_secret="")
    assert (status, error["error"]) == (400, "invalid_grant")
    assert (await assistant.refresh())[1]["error"] == "invalid_grant"


async def test_a_device_that_was_killed_before_it_stored_the_answer_has_two_minutes(
    relay: PairedRelay, laptop: Laptop
) -> None:
    form = {"grant_type": "refresh_token", "client_id": "deskbell-daemon", "refresh_token": laptop.refresh_token}
    lost = (await relay.post("/oauth/token", form=form))[1]
    await used_ago(relay, laptop.refresh_token, 110)
    status, again = await relay.post("/oauth/token", form=form)
    assert (status, again["refresh_token"]) == (200, lost["refresh_token"])
    await used_ago(relay, laptop.refresh_token, 20)
    status, error = await relay.post("/oauth/token", form=form)
    assert (status, error["error"]) == (400, "invalid_grant")
    assert (await laptop.call("GET", "/v1/devices"))[0] == 401


async def test_a_device_that_is_copied_is_cut_off(relay: PairedRelay, laptop: Laptop) -> None:
    form = {"grant_type": "refresh_token", "client_id": "deskbell-daemon"}
    first = await relay.post("/oauth/token", form=form | {"refresh_token": laptop.refresh_token})
    assert (first[0], first[1]["device_id"]) == (200, laptop.device_id)
    await relay.post("/oauth/token", form=form | {"refresh_token": first[1]["refresh_token"]})
    status, error = await relay.post("/oauth/token", form=form | {"refresh_token": laptop.refresh_token})
    assert (status, error["error"]) == (400, "invalid_grant")
    status, problem = await laptop.call("GET", "/v1/devices")
    assert (status, problem["code"]) == (401, "revoked_token")


async def test_scopes_may_shrink_and_never_grow(laptop: Laptop) -> None:
    assistant = await connect(laptop, scope="notes:read devices:read")
    status, narrow = await assistant.refresh(scope="notes:read")
    assert (status, narrow["scope"]) == (200, "notes:read")
    status, error = await assistant.refresh(narrow["refresh_token"], scope="notes:read notes:write")
    assert (status, error["error"]) == (400, "invalid_scope")
    status, whole = await assistant.refresh(narrow["refresh_token"])
    assert (status, set(whole["scope"].split())) == (200, {"notes:read", "devices:read"})


async def test_a_foreign_resource_is_refused_and_costs_nothing(assistant: Assistant) -> None:
    status, error = await assistant.refresh(resource="https://elsewhere.example/actions")
    assert (status, error["error"]) == (400, "invalid_target")
    assert (await assistant.refresh())[0] == 200


@pytest.mark.parametrize("token", ["", "nonsense", "x" * 5_000])
async def test_an_unknown_token_is_refused(assistant: Assistant, token: str) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": "deskbell-daemon"}
    status, error = await assistant.relay.post("/oauth/token", form=form)
    assert (status, error["error"]) == (400, "invalid_grant")
    assert await assistant.act() == 200


async def test_an_expired_token_is_refused(relay: PairedRelay, assistant: Assistant) -> None:
    ended = update(refresh_tokens).values(expires_at=1)
    await relay.core.store.write(lambda connection: connection.execute(ended).rowcount)
    assert (await assistant.refresh())[1]["error"] == "invalid_grant"
