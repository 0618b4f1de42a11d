"""Tokens: one refresh at a time, the successor durable before it is used, and a crash anywhere survived."""

import asyncio

import pytest
from aiohttp import web
from fake_relay import problem

from deskbell_daemon.link.pairing import open_http
from deskbell_daemon.link.relay import Relay
from deskbell_daemon.link.tokens import REFRESH_SECRET, Tokens
from deskbell_daemon.secrets.file_store import FileStore
from deskbell_wire.errors import Problem


@pytest.fixture
async def store(relay, tmp_path):
    store = FileStore(tmp_path / "private" / "secrets.json")
    await store.set(REFRESH_SECRET, relay.seed())
    return store


@pytest.fixture
async def http():
    async with open_http() as http:
        yield http


async def test_many_who_ask_make_one_refresh(relay, store, http):
    tokens = Tokens(http, relay.url, store)
    given = await asyncio.gather(*[tokens.access() for _ in range(50)])
    assert len(set(given)) == 1
    assert relay.refreshes == 1


async def test_the_successor_is_stored_before_the_access_token_is_given(relay, store, http):
    old = await store.get(REFRESH_SECRET)
    order = []

    class Watched(FileStore):
        async def set(self, name, value):
            order.append("stored")
            await super().set(name, value)

    tokens = Tokens(http, relay.url, Watched(store._path))
    await tokens.access()
    order.append("given")
    assert order == ["stored", "given"]
    assert await store.get(REFRESH_SECRET) == relay.refresh[old][0]


async def test_a_crash_between_use_and_save_is_survived(relay, store, http):
    class Crashed(FileStore):
        async def set(self, name, value):
            raise asyncio.CancelledError  # the process ends here: the relay has rotated, the disk has not

    with pytest.raises(asyncio.CancelledError):
        await Tokens(http, relay.url, Crashed(store._path)).access()
    assert relay.refreshes == 1
    after = Tokens(http, relay.url, FileStore(store._path))
    assert await after.access() in relay.access
    assert not relay.family_dead
    assert await Tokens(http, relay.url, FileStore(store._path)).access() in relay.access


async def test_lost_answers_are_asked_for_again_within_the_grace(relay, store, http):
    relay.lose_token_answers = 3
    assert await Tokens(http, relay.url, store).access() in relay.access
    assert relay.refreshes == 4
    assert len(relay.refresh) == 2  # one successor, not four


async def test_a_caller_that_gives_up_does_not_lose_the_successor(relay, store, http):
    saving, go_on = asyncio.Event(), asyncio.Event()

    class Slow(FileStore):
        async def set(self, name, value):
            saving.set()
            await go_on.wait()
            await super().set(name, value)

    old = await store.get(REFRESH_SECRET)
    task = asyncio.create_task(Tokens(http, relay.url, Slow(store._path)).access())
    await saving.wait()
    task.cancel()
    go_on.set()
    await asyncio.gather(task, return_exceptions=True)
    async with asyncio.timeout(5):
        while await store.get(REFRESH_SECRET) == old:
            await asyncio.sleep(0.01)
    assert await store.get(REFRESH_SECRET) == relay.refresh[old][0]


async def test_it_refreshes_before_the_token_ends(relay, store, http):
    relay.token_lifetime = 1
    tokens = Tokens(http, relay.url, store)
    first = await tokens.access()
    await asyncio.sleep(0.95)
    assert await tokens.access() != first


async def test_rejecting_an_old_token_does_not_throw_away_the_new_one(relay, store, http):
    tokens = Tokens(http, relay.url, store)
    first = await tokens.access()
    tokens.reject(first)
    second = await tokens.access()
    tokens.reject(first)
    assert await tokens.access() == second
    assert relay.refreshes == 2


async def test_a_revoked_family_is_final(relay, store, http):
    relay.family_dead = True
    tokens = Tokens(http, relay.url, store)
    for _ in range(3):
        with pytest.raises(Problem, match="no longer accepts") as raised:
            await tokens.access()
        assert raised.value.code == "revoked_token"
    assert relay.refreshes == 1


@pytest.mark.parametrize("status", [500, 502, 503, 400])
async def test_a_relay_in_trouble_is_not_a_revocation(relay, store, http, status):
    relay.token_answers += [lambda: web.Response(status=status, text="<html>") for _ in range(2)]
    assert await Tokens(http, relay.url, store).access() in relay.access


async def test_a_limit_is_passed_on(relay, store, http):
    relay.token_answers.append(lambda: problem("rate_limited", **{"Retry-After": "7"}))
    with pytest.raises(Problem) as raised:
        await Tokens(http, relay.url, store).access()
    assert (raised.value.code, raised.value.extra["retry_after_s"]) == ("rate_limited", 7.0)


async def test_nothing_stored_means_not_paired(relay, tmp_path, http):
    with pytest.raises(Problem) as raised:
        await Tokens(http, relay.url, FileStore(tmp_path / "none.json")).access()
    assert raised.value.code == "not_paired"


async def test_a_redirect_never_gets_the_token(relay, store, http):
    stolen = []

    async def thief(request):
        stolen.append(request.headers.get("Authorization"))
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", thief)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    elsewhere = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    relay.answers.append(lambda: web.Response(status=307, headers={"Location": elsewhere}))
    answer = await Relay(http, relay.url, Tokens(http, relay.url, store)).ask("POST", "/v1/commands/x/result", body={})
    await runner.cleanup()
    assert answer.status == 307
    assert stolen == []
