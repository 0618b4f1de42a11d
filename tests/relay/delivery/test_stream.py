"""A device's stream: hello, replay, the seam, gap and reset, and what becomes of those who do not read."""

import asyncio
import json

import pytest
from relay_rooms import DEV_1, DEV_2, Rooms

from deskbell_relay.channel.bus import Grown, Revoked


async def publish(rooms: Rooms, *words: str) -> None:
    for word in words:
        await rooms.channel.publish("acc_1", "approval", json.dumps({"word": word}))


async def test_a_stream_says_hello_first_and_without_an_id(rooms: Rooms) -> None:
    await publish(rooms, "a")
    async with rooms.stream("acc_1", DEV_1) as listener:
        hello = await listener.next()
        assert (hello.event, hello.last_event_id) == ("hello", "")
        facts = json.loads(hello.data)
        assert (facts["oldest_seq"], facts["newest_seq"], facts["epoch"]) == (1, 1, "e1")
        assert listener.decoder.retry_ms == 1000


async def test_it_replays_what_is_kept_then_goes_live(rooms: Rooms) -> None:
    await publish(rooms, "a", "b")
    async with rooms.stream("acc_1", DEV_1) as listener:
        await listener.next()
        assert [(await listener.next()).last_event_id for _ in range(2)] == ["e1-1", "e1-2"]
        await publish(rooms, "c")
        event = await listener.next()
        assert (event.last_event_id, json.loads(event.data)) == ("e1-3", {"word": "c"})


async def test_a_cursor_gets_only_what_came_after_it(rooms: Rooms) -> None:
    await publish(rooms, "a", "b", "c")
    async with rooms.stream("acc_1", DEV_1, "e1-2") as listener:
        await listener.next()
        assert (await listener.next()).last_event_id == "e1-3"


@pytest.mark.parametrize(("cursor", "reason"), [("e0-1", "other_epoch"), ("e1-99", "future")])
async def test_a_cursor_of_another_life_or_of_the_future_is_reset(rooms: Rooms, cursor: str, reason: str) -> None:
    await publish(rooms, "a")
    async with rooms.stream("acc_1", DEV_1, cursor) as listener:
        await listener.next()
        reset = await listener.next()
        assert (reset.event, json.loads(reset.data)["reason"]) == ("reset", reason)
        assert (await listener.next()).last_event_id == "e1-1"


@pytest.mark.parametrize(
    "cursor", ["garbage", "e1-", "e1--1", "e1-01", "e1-9999999999999999999999", "e1-1 ", "é-1", "-"]
)
async def test_a_cursor_that_we_never_gave_out_is_refused(rooms: Rooms, cursor: str) -> None:
    headers = {"Authorization": f"Bearer device:acc_1:{DEV_1}"}
    async with rooms.session.get("/v1/stream", headers=headers, params={"last_event_id": cursor}) as response:
        assert (response.status, (await response.json())["code"]) == (400, "invalid_cursor")


async def test_what_is_older_than_the_retention_is_a_gap(rooms: Rooms) -> None:
    await publish(rooms, *"abcde")
    assert await rooms.channel.forget(before=0, keep=2) == 3
    async with rooms.stream("acc_1", DEV_1, "e1-1") as listener:
        await listener.next()
        gap = await listener.next()
        assert (gap.event, json.loads(gap.data)) == ("gap", {"missed_from": 2, "missed_to": 3})
        assert [(await listener.next()).last_event_id for _ in range(2)] == ["e1-4", "e1-5"]


async def test_the_newest_number_survives_even_when_no_event_is_kept(rooms: Rooms) -> None:
    await publish(rooms, *"abc")
    await rooms.channel.forget(before=2**60, keep=10)
    async with rooms.stream("acc_1", DEV_1, "e1-3") as listener:
        hello = json.loads((await listener.next()).data)
        assert (hello["oldest_seq"], hello["newest_seq"]) == (4, 3)
        await publish(rooms, "d")
        assert (await listener.next()).last_event_id == "e1-4"


async def test_every_stream_hears_the_heartbeat(rooms: Rooms) -> None:
    async with rooms.stream("acc_1", DEV_1) as first, rooms.stream("acc_1", DEV_2) as second:
        await first.next()
        await second.next()
        await rooms.hub.beat()
        assert [(await listener.next()).event for listener in (first, second)] == ["ping", "ping"]


async def test_a_lost_hint_is_found_at_the_next_heartbeat(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    async with rooms.stream("acc_1", DEV_1) as listener:
        await listener.next()
        monkeypatch.setattr(rooms.bus, "publish", lambda hint: None)
        await publish(rooms, "a", "b")
        await rooms.hub.beat()
        seen = [await listener.next() for _ in range(3)]
        assert [event.last_event_id for event in seen if event.event != "ping"] == ["e1-1", "e1-2"]


async def test_a_hint_without_the_event_is_read_from_the_log(rooms: Rooms, monkeypatch: pytest.MonkeyPatch) -> None:
    async with rooms.stream("acc_1", DEV_1) as listener:
        await listener.next()
        publish_hint = rooms.bus.publish
        monkeypatch.setattr(rooms.bus, "publish", lambda hint: publish_hint(Grown(hint.account_id, hint.seq)))
        await publish(rooms, "a", "b")
        assert [(await listener.next()).last_event_id for _ in range(2)] == ["e1-1", "e1-2"]


async def test_revoking_a_device_closes_its_stream_at_once_and_no_other(rooms: Rooms) -> None:
    async with rooms.stream("acc_1", DEV_1) as revoked, rooms.stream("acc_1", DEV_2) as other:
        await revoked.next()
        await other.next()
        rooms.bus.publish(Revoked(DEV_1))
        assert json.loads((await revoked.next(1)).data)["reason"] == "revoked"
        with pytest.raises(EOFError):
            await revoked.next(1)
        await publish(rooms, "a")
        assert (await other.next()).last_event_id == "e1-1"


async def test_a_third_stream_of_a_device_replaces_its_oldest(rooms: Rooms) -> None:
    async with rooms.stream("acc_1", DEV_1) as first, rooms.stream("acc_1", DEV_1) as second:
        await first.next()
        await second.next()
        async with rooms.stream("acc_1", DEV_1) as third:
            await third.next()
            assert json.loads((await first.next()).data)["reason"] == "replaced"
            await publish(rooms, "a")
            assert (await second.next()).last_event_id == (await third.next()).last_event_id == "e1-1"


async def test_draining_says_bye_and_ends_every_stream(rooms: Rooms) -> None:
    async with rooms.stream("acc_1", DEV_1) as listener:
        await listener.next()
        await rooms.hub.drain()
        bye = await listener.next()
        assert (bye.event, json.loads(bye.data)["reason"]) == ("bye", "draining")
        with pytest.raises(EOFError):
            await listener.next()


async def test_a_reader_that_stalls_is_closed_and_the_others_are_not_slowed(tmp_path) -> None:  # type: ignore[no-untyped-def]
    rooms = Rooms(tmp_path, stream_buffer=50_000)
    await rooms.start()
    await rooms.add_account("acc_1", DEV_1, DEV_2)
    try:
        host, port = rooms.runner.addresses[0]
        _, stalled = await asyncio.open_connection(host, port, limit=1)
        stalled.write(
            f"GET /v1/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer device:acc_1:{DEV_2}\r\n\r\n".encode()
        )
        async with rooms.stream("acc_1", DEV_1) as listener:
            await listener.next()
            while len(rooms.hub) < 2:
                await asyncio.sleep(0.01)
            data = json.dumps({"word": "x" * 100_000})
            count = 0
            while len(rooms.hub) == 2:
                count += 1
                assert count < 500, "the stalled reader was never closed"
                await rooms.channel.publish("acc_1", "approval", data)
                assert (await listener.next()).last_event_id == f"e1-{count}"
        assert rooms.metrics.slow_readers._value.get() == 1
        stalled.close()
    finally:
        await rooms.stop()


async def test_a_device_that_goes_is_offline_at_once_and_nothing_counts_as_sent_to_it(rooms: Rooms) -> None:
    async with rooms.stream("acc_1", DEV_1) as listener:
        await listener.next()
        assert rooms.hub.is_online(DEV_1)
    async with asyncio.timeout(10):
        while rooms.hub.is_online(DEV_1):
            await asyncio.sleep(0.01)
    async with rooms.act("acc_1", "createNote", {"title": "Boat"}, Prefer="wait=0") as response:
        command = await response.json()
    await rooms.sent.flush()
    assert (await rooms.commands.get("acc_1", command["id"])).status == "queued"


async def test_an_event_announced_while_the_log_is_read_is_not_passed_over(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The read begins before the commit and ends after the announcement: its empty page must not count as `gone`."""
    read = rooms.channel.after
    reads = 0

    async def read_then_publish(account_id: str, seq: int, most: int) -> list[tuple[int, str, str]]:
        nonlocal reads
        reads += 1
        page = await read(account_id, seq, most)
        if reads == 1:
            await publish(rooms, "a")
        return page

    monkeypatch.setattr(rooms.channel, "after", read_then_publish)
    async with rooms.stream("acc_1", DEV_1) as listener:
        await listener.next()
        assert (await listener.next()).last_event_id == "e1-1"


async def test_nothing_is_written_before_the_head_of_the_response(
    rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A heartbeat, an event or a drain may fall between a stream's admission and its head."""
    extent = rooms.channel.extent

    async def beat_first(account_id: str) -> object:
        await rooms.hub.beat()
        await publish(rooms, "a")
        return await extent(account_id)

    monkeypatch.setattr(rooms.channel, "extent", beat_first)
    async with rooms.stream("acc_1", DEV_1) as listener:
        assert listener.response.status == 200
        assert [(await listener.next()).event for _ in range(2)] == ["hello", "approval"]
