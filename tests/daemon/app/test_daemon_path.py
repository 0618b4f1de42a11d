"""A command on the stream becomes an effect and a report, over real sockets, whatever the line does."""

import asyncio
import json

import pytest
from aiohttp import web
from fake_relay import problem

from deskbell_daemon.local.client import LocalClient
from deskbell_daemon.state import StateFile
from deskbell_wire import clock
from deskbell_wire.ids import new_id


async def _until(ask, good, timeout=10):
    """Ask until the answer is good: for what is written aside, and announced to nobody."""
    async with asyncio.timeout(timeout):
        while not good(answer := await ask()):
            await asyncio.sleep(0.02)
    return answer


async def test_a_command_is_performed_and_reported(relay, paired, start, actions):
    async with start(paired):
        command_id = await relay.send()
        report = await relay.report(command_id)
    assert report["status"] == "done"
    assert report["output"]["path"] == "T.md"
    assert clock.from_timestamp(report["acted_at"]) > 0
    assert actions.done() == [f"create {command_id} T"]


async def test_order_is_kept_and_the_cursor_moves(relay, paired, start, actions):
    ids = [await relay.send(arguments={"title": "same", "body": str(n)}) for n in range(50)]
    async with start(paired) as daemon:
        for command_id in ids:
            await relay.report(command_id)
        assert (await daemon.status())["cursor"] == "e1-50"
    assert [line.split()[1] for line in actions.done()] == ids
    assert relay.cursors == [None]


async def test_a_dropped_stream_comes_back_with_its_cursor_and_repeats_nothing(relay, paired, start, actions):
    async with start(paired):
        first = await relay.send()
        await relay.report(first)
        await relay.until(lambda: relay.streams == 1)
        relay.drop_streams()
        second = await relay.send()
        await relay.report(second)
    assert relay.cursors[0] is None
    assert relay.cursors[-1] == "e1-1"
    assert len(actions.done()) == 2


async def test_half_a_frame_is_not_a_command(relay, paired, start, actions):
    command = relay.command()

    async def half(request):
        response = await relay.open_stream(request)
        frame = relay.frame(1, "command", json.dumps(command))
        await response.write(frame[: len(frame) - 2])
        request.transport.abort()
        return response

    relay.faults.append(half)
    async with start(paired):
        await relay.until(lambda: relay.streams >= 2)
        assert actions.done() == []
        assert relay.cursors[1] is None
        await relay.publish("command", command)
        await relay.report(command["id"])
    assert len(actions.done()) == 1


async def test_duplicates_run_once_and_are_reported_again(relay, paired, start, actions):
    async with start(paired) as daemon:
        command = relay.command()
        await relay.publish("command", command)
        await relay.report(command["id"])
        await _until(daemon.status, lambda status: not status["commands"]["unreported"])
        await relay.publish("command", command)
        await relay.until(lambda: len(relay.reports[command["id"]]) == 2)
    assert len(actions.done()) == 1
    assert relay.reports[command["id"]][0] == relay.reports[command["id"]][1]


async def test_the_same_id_with_other_content_changes_nothing(relay, paired, start, actions):
    async with start(paired):
        command = relay.command()
        await relay.publish("command", command)
        await relay.report(command["id"])
        await relay.publish("command", {**command, "arguments": {"title": "evil"}})
        last = await relay.send(arguments={"title": "last"})
        await relay.report(last)
    assert [line.split()[2] for line in actions.done()] == ["T", "last"]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"action": "no.such"}, "failed", "unknown_action"),
        ({"action": "device.list", "arguments": {}}, "failed", "unknown_action"),
        ({"arguments": {"titel": "x"}}, "failed", "invalid_arguments"),
        ({"arguments": {"title": 7}}, "failed", "invalid_arguments"),
        ({"arguments": {"title": "x", "body": "y" * 100_000}}, "failed", "invalid_arguments"),
        ({"arguments": {"junk": ["y" * 500_000]}}, "failed", "body_too_large"),
        ({"expires_at": "2020-01-01T00:00:00.000000Z"}, "expired", "command_expired"),
        ({"expires_at": "2026-99-99T00:00:00.000000Z"}, "failed", "malformed_request"),
        ({"expires_at": "soon"}, "failed", "malformed_request"),
        ({"arguments": {"title": "taken"}}, "failed", "name_taken"),
        ({"action": "note.read", "arguments": {"path": "x"}}, "failed", "internal"),
    ],
)
async def test_what_cannot_be_done_is_reported_with_its_code(relay, paired, start, actions, changes, status, code):
    async with start(paired):
        report = await relay.report(await relay.send(**changes))
    assert (report["status"], report["error"]["code"]) == (status, code)
    assert report["error"]["next_step"]
    assert actions.done() == []
    assert "canary" not in json.dumps(report)


async def test_another_devices_command_is_left_alone(relay, paired, start, actions):
    async with start(paired) as daemon:
        foreign = await relay.send(device_id=new_id("dev"))
        own = await relay.send()
        await relay.report(own)
        assert (await daemon.status())["cursor"] == "e1-2"
    assert foreign not in relay.reports
    assert len(actions.done()) == 1


async def test_garbage_on_the_stream_stops_nothing(relay, paired, start, actions):
    async with start(paired):
        for event, data in [
            ("command", "{"),
            ("command", "[" * 100_000),
            ("command", '"\\ud800"'),
            ("command", "NaN"),
            ("command", json.dumps({"id": "cmd_x"})),
            ("cancel", "7"),
            ("cancel", json.dumps({"id": new_id("cmd")})),
            ("approval", "{}"),
            ("gap", "null"),
            ("reset", "x"),
            ("bye", "{}"),
            ("hello", "{}"),
            ("ping", "{}"),
            ("nobody_knows", "x"),
        ]:
            await relay.publish(event, data)
        report = await relay.report(await relay.send())
        assert report["status"] == "done"
        assert relay.streams == 1


async def test_an_event_beyond_the_limit_ends_the_stream_only(relay, paired, start):
    async def flood(request):
        response = await relay.open_stream(request)
        await response.write(b"data: " + b"x" * 3_000_000)
        await asyncio.sleep(30)
        return response

    relay.faults.append(flood)
    async with start(paired):
        assert (await relay.report(await relay.send()))["status"] == "done"


async def test_silence_is_noticed(relay, places, paired, start):
    places.config_file.write_text(places.config_file.read_text().replace("watchdog_s = 5", "watchdog_s = 0.5"))

    async def silent(request):
        response = await relay.open_stream(request)
        for _ in range(100):  # bytes, but no event
            await response.write(b": still here\n")
            await asyncio.sleep(0.1)
        return response

    relay.faults.append(silent)
    async with start(paired):
        assert (await relay.report(await relay.send()))["status"] == "done"
    assert relay.streams >= 2


@pytest.mark.parametrize("code", ["draining", "rate_limited", "internal"])
async def test_a_relay_that_is_away_is_tried_again(relay, paired, start, code):
    async def away(request):
        return problem(code)

    relay.faults += [away, away]
    async with start(paired):
        assert (await relay.report(await relay.send()))["status"] == "done"
    assert relay.streams == 3


async def test_retry_after_is_obeyed(relay, paired, start):
    async def busy(request):
        return problem("draining", **{"Retry-After": "1"})

    relay.faults.append(busy)
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with start(paired):
        await relay.until(lambda: relay.streams == 2)
    assert loop.time() - began >= 1.0


async def test_a_401_refreshes_once(relay, paired, start):
    async with start(paired):
        await relay.report(await relay.send())
        relay.access.clear()
        relay.drop_streams()
        assert (await relay.report(await relay.send()))["status"] == "done"
    assert relay.refreshes == 2


async def test_a_revoked_device_says_so_and_asks_no_more(relay, paired, start):
    relay.family_dead = True
    async with start(paired) as daemon, LocalClient(paired) as client:
        async for name, data in client.events():
            state = data["connection"]["state"] if name == "status" else data.get("state")
            if state == "needs_pairing":
                break
        asked = relay.refreshes
        await asyncio.sleep(1)  # three backoffs long: silence is what is to be seen
        assert relay.refreshes == asked
        connection = (await daemon.status())["connection"]
    assert connection["problem"]["code"] == "revoked_token"
    assert connection["connected"] is False
    assert asked == 1


async def test_an_invalid_cursor_is_dropped_and_nothing_runs_twice(relay, paired, start, actions):
    async with start(paired):
        command_id = await relay.send()
        await relay.report(command_id)

        async def refuse(request):
            return problem("invalid_cursor")

        relay.faults.append(refuse)
        relay.drop_streams()
        await relay.report(await relay.send())
        await relay.until(lambda: len(relay.reports[command_id]) == 2)
    assert relay.cursors[-1] is None
    assert len(actions.done()) == 2


async def test_bye_is_followed_within_its_time(relay, paired, start):
    async def bye(request):
        response = await relay.open_stream(request)
        await response.write(b'event: bye\ndata: {"reason":"draining","reconnect_within_s":1}\n\n')
        await asyncio.sleep(30)
        return response

    relay.faults.append(bye)
    async with start(paired):
        await relay.until(lambda: relay.streams == 2, 5)


async def test_a_log_in_page_is_no_stream(relay, paired, start):
    async def portal(request):
        return web.Response(text="<h1>Welcome to our hotel</h1>", content_type="text/html")

    relay.faults.append(portal)
    async with start(paired), LocalClient(paired) as client:
        async for name, data in client.events():
            connection = data["connection"] if name == "status" else data
            if name in {"status", "connection"} and connection["problem"]:
                break
        assert "text/html" in connection["problem"]["detail"]


async def test_a_result_is_kept_until_the_relay_takes_it(relay, paired, start):
    relay.answers += [
        lambda: web.Response(status=503),
        lambda: web.Response(status=502),
        lambda: problem("rate_limited"),
    ]
    async with start(paired) as daemon:
        await relay.report(await relay.send())
        await _until(daemon.status, lambda status: not status["commands"]["unreported"])


@pytest.mark.parametrize("code", ["command_not_found", "result_conflict", "command_expired"])
async def test_a_final_no_ends_the_retry(relay, paired, start, code):
    relay.answers.append(lambda: problem(code))
    async with start(paired) as daemon:
        await relay.send()
        log = await _until(lambda: daemon.log(10), lambda log: log["commands"] and log["commands"][0]["outcome"])
        assert log["commands"][0]["outcome"] == code
        assert (await relay.report(await relay.send()))["status"] == "done"
        assert len(relay.reports) == 1


async def test_a_report_that_does_not_fit_is_excused(relay, paired, start):
    relay.answers.append(lambda: problem("body_too_large"))
    async with start(paired):
        report = await relay.report(await relay.send())
    assert (report["status"], report["error"]["code"]) == ("failed", "body_too_large")


async def test_a_relay_that_was_away_gets_what_was_done_meanwhile(relay, paired, start, actions):
    async with start(paired):
        actions.release.clear()
        command_id = await relay.send()
        await relay.until(lambda: relay.streams == 1)
        async with asyncio.timeout(5):
            while not relay.progress:
                await asyncio.sleep(0.05)  # 'running', after a second
        port = relay.port
        await relay.stop()
        actions.release.set()
        await asyncio.sleep(0.3)
        await relay.start(port)
        assert (await relay.report(command_id))["status"] == "done"
    assert relay.progress[0] == (command_id, {"status": "running"})
    assert len(actions.done()) == 1


async def test_the_relays_clock_decides_about_deadlines(relay, paired, start):
    relay.clock_offset_us = -3 * clock.HOUR  # this laptop is three hours ahead
    async with start(paired) as daemon:
        assert (await relay.report(await relay.send()))["status"] == "done"
        assert abs((await daemon.status())["clock_offset_s"] + 3 * 3600) < 5


async def test_what_the_device_can_do_is_declared_when_it_has_changed(relay, paired, start):
    async def declared():
        return StateFile(paired).load().declared_actions

    async with start(paired):
        await _until(declared, lambda names: len(names) == 4)
    async with start(paired):
        await relay.report(await relay.send())
    assert relay.patches == [{"actions": ["note.create", "note.list", "note.read", "note.trash"]}]


async def test_a_full_disk_is_said_and_what_came_meanwhile_runs_once_there_is_space(relay, paired, start, actions):
    async with start(paired) as daemon:
        await relay.report(await relay.send())
        sqlite = daemon._ledger._writer._connection
        sqlite.execute("PRAGMA max_page_count = 1")
        ids = [await relay.send(arguments={"title": "T", "body": "x" * 20_000}) for _ in range(20)]
        connection = await _until(
            daemon.status, lambda status: (status["connection"]["problem"] or {}).get("code") == "disk_full"
        )
        assert connection["connection"]["connected"] is False
        sqlite.execute("PRAGMA max_page_count = 1000000")
        for command_id in ids:
            assert (await relay.report(command_id))["status"] == "done"
    assert sorted(line.split()[1] for line in actions.done()[1:]) == sorted(ids)
    assert len(actions.done()) == 21
