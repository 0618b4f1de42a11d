"""What a first token does not wait for: the disk, and the SDK's building of a request that it has built before."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest
from paced_provider import Exchange, PacedProvider, delta, saying
from run_rooms import RunRooms, text_of

from deskbell_relay.ai import archive
from deskbell_relay.ai.dialects import cursor_name
from deskbell_relay.ai.sdk import ProviderClient
from deskbell_relay.ai.upstream import UNREAD
from deskbell_wire.clock import DAY, MINUTE, now_us
from deskbell_wire.errors import Problem
from deskbell_wire.ids import new_id

PATH = "/ai/stream?provider=compatible&q=Hello"


class SlowDisk:
    """The relay's store, in which rows of new runs wait until `release`, and then fail if told so."""

    def __init__(self, rooms: RunRooms, monkeypatch: pytest.MonkeyPatch) -> None:
        self.release = asyncio.Event()
        self.waits = asyncio.Event()
        self.problem: Problem | None = None
        store = rooms.relay.core.store
        self._write = store.write
        monkeypatch.setattr(store, "write", self._slowly)

    async def _slowly(self, operation: Callable[..., Any]) -> Any:
        if getattr(operation, "func", None) is archive.add:
            self.waits.set()
            await self.release.wait()
            if self.problem is not None:
                raise self.problem
        return await self._write(operation)


async def test_a_token_is_shown_before_the_run_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with RunRooms(tmp_path, saying("a", "b")) as rooms:
        disk = SlowDisk(rooms, monkeypatch)
        events = await rooms.read("", path=PATH)
        assert text_of(events) == "ab"
        assert not disk.release.is_set()
        disk.release.set()
        await rooms.relay.core.runs.saved()
        run_id = json.loads(events[0].data)["id"]
        rooms.relay.core.runs.forget_all()
        assert (await rooms.info(run_id))["text"] == "ab", "it was written down in the end"


async def test_whoever_starts_a_run_to_read_it_later_is_told_of_one_that_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with RunRooms(tmp_path, saying("a")) as rooms:
        disk = SlowDisk(rooms, monkeypatch)
        started = asyncio.create_task(rooms.begin())
        await disk.waits.wait()
        await (await rooms.provider.called()).closed.wait()
        assert not started.done()
        disk.release.set()
        await started


async def test_a_run_that_cannot_be_written_down_ends_with_that_error_and_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def endless(exchange: Any) -> None:
        await exchange.send(delta("word "))
        await exchange.hang()

    async with RunRooms(tmp_path, endless) as rooms:
        disk = SlowDisk(rooms, monkeypatch)
        disk.problem = Problem("storage_unavailable", "The relay could not store this.")
        reading = asyncio.create_task(rooms.read("", path=PATH))
        call = await rooms.provider.called()
        await disk.waits.wait()
        [run] = rooms.relay.core.runs._runs.values()
        await run.spoken
        disk.release.set()
        events = await reading
        assert [event.event for event in events] == ["run", "token", "end"]
        assert json.loads(events[-1].data)["code"] == "storage_unavailable"
        await call.closed.wait()
        status, _ = await rooms.laptop.call("GET", f"/ai/runs/{run.id}")
        assert status == 404


async def test_a_disk_that_fails_before_the_first_token_is_a_plain_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(exchange: Any) -> None:
        await exchange.hang()

    async with RunRooms(tmp_path, silent) as rooms:
        disk = SlowDisk(rooms, monkeypatch)
        disk.problem = Problem("storage_unavailable", "The relay could not store this.")
        disk.release.set()
        status, document = await rooms.laptop.call("GET", PATH)
        assert (status, document["code"]) == (503, "storage_unavailable")


async def test_who_comes_back_to_a_run_that_died_before_its_row_hears_its_end(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying("a")) as rooms:
        cursor = f"{cursor_name(new_id('run'))}-3"
        [end] = await rooms.read("", cursor, path=PATH)
        assert (end.event, json.loads(end.data)["code"]) == ("end", "run_interrupted")
        headers = rooms.laptop.headers | {"Last-Event-ID": end.last_event_id}
        async with rooms.relay.session.get(rooms.relay.url + PATH, headers=headers) as answer:
            assert answer.status == 204
        assert not rooms.provider.calls


@pytest.mark.parametrize("age", [8 * DAY, -MINUTE])
async def test_a_run_that_never_was_is_not_found(tmp_path: Path, age: int) -> None:
    async with RunRooms(tmp_path, saying("a")) as rooms:
        name = f"{(now_us() - age) // 1000:012x}7{'0' * 3}8{'0' * 15}"
        status, document = await rooms.laptop.call("GET", f"{PATH}&last_event_id={name}-1")
        assert (status, document["code"]) == (404, "run_not_found")


async def test_another_accounts_run_is_not_found_whether_written_or_not(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying("a"), registration="open") as rooms:
        run_id = await rooms.begin()
        stranger = await rooms.relay.pair()
        status, document = await stranger.call("GET", f"{PATH}&last_event_id={cursor_name(run_id)}-1")
        assert (status, document["code"]) == (404, "run_not_found")


HEADERS: dict[str, str] = {**UNREAD, "X-Own": "1"}


def asking(text: str) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}], "stream": True}


async def asked(client: ProviderClient, text: str) -> bytes:
    response = await client.ask("/chat/completions", asking(text), HEADERS)
    said = await response.aread()
    await response.aclose()
    return said


async def test_the_next_request_is_the_first_one_with_another_body() -> None:
    provider = await PacedProvider(saying("a")).start()
    ours, again = (ProviderClient(provider.url, "secret", connect_s=5) for _ in range(2))
    try:
        assert await asked(ours, "one") == await asked(ours, "zwei ü🎉") == await asked(again, "zwei ü🎉")
    finally:
        await ours.close()
        await again.close()
        await provider.stop()
    _, prepared, built = provider.calls
    assert prepared.body == built.body == asking("zwei ü🎉")
    assert sorted(prepared.request.raw_headers) == sorted(built.request.raw_headers)
    assert prepared.request.headers["Authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (401, {"error": {"message": "no", "code": "bad_key"}}),
        (404, {"message": "no such model"}),
        (429, [{"error": {"message": "slowly"}}]),
        (503, "not now"),
        (302, {}),
    ],
)
async def test_a_refusal_reads_the_same_from_the_first_request_and_the_next(status: int, document: Any) -> None:
    async def refusing(exchange: Exchange) -> None:
        await exchange.answer(status, document, **{"Retry-After": "7", "Location": "http://127.0.0.1:9/"})

    provider = await PacedProvider(refusing).start()
    client = ProviderClient(provider.url, "secret", connect_s=5)
    told = []
    try:
        for _ in range(2):
            with pytest.raises(openai.APIStatusError) as raised:
                await asked(client, "x")
            error = raised.value
            told.append((error.status_code, error.body, error.response.headers["retry-after"]))
    finally:
        await client.close()
        await provider.stop()
    assert told[0] == told[1]
    assert len(provider.calls) == 2, "a redirect is not followed, and nothing is asked again"


async def test_a_provider_that_has_gone_reads_the_same_from_the_first_request_and_the_next() -> None:
    provider = await PacedProvider(saying("a")).start()
    ours, fresh = (ProviderClient(provider.url, "secret", connect_s=5) for _ in range(2))
    await asked(ours, "x")
    await provider.stop()
    told = []
    for client in (ours, fresh):
        with pytest.raises(openai.APIConnectionError) as raised:
            await asked(client, "x")
        told.append(type(raised.value))
        await client.close()
    assert told[0] == told[1]
