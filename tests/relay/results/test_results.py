"""Results, cancelling, expiry: what a device reports counts once, and what time ends is really gone."""

import asyncio
from typing import Any

import pytest
from laptop import done, laptop
from relay_rooms import DEV_1, DEV_2, Rooms
from sqlalchemy import select, update

from deskbell_relay.results import archive
from deskbell_relay.store.tables import commands, events
from deskbell_wire.clock import DAY, HOUR, now_us


async def queue_one(rooms: Rooms, title: str = "Boat", account: str = "acc_1") -> str:
    async with rooms.act(account, "createNote", {"title": title}, Prefer="wait=0") as response:
        command_id: str = (await response.json())["id"]
        return command_id


async def ask(
    rooms: Rooms, method: str, path: str, device: str = DEV_1, account: str = "acc_1", **more: Any
) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer device:{account}:{device}"}
    async with rooms.session.request(method, path, headers=headers, **more) as response:
        return response.status, await response.json() if response.status != 204 else None


async def test_a_second_result_answers_the_same_and_changes_nothing(rooms: Rooms) -> None:
    command_id = await queue_one(rooms)
    path = f"/v1/commands/{command_id}/result"
    first = await ask(rooms, "POST", path, json={"status": "done", "output": {"path": "a.md"}})
    second = await ask(
        rooms, "POST", path, json={"status": "failed", "error": {"code": "disk_full", "message": "Full."}}
    )
    assert first == second == (200, {"id": command_id, "status": "done"})
    assert (await ask(rooms, "GET", f"/v1/commands/{command_id}"))[1]["output"] == {"path": "a.md"}


async def test_fifty_parallel_results_are_one(rooms: Rooms) -> None:
    command_id = await queue_one(rooms)
    reports = [{"status": "done", "output": {"n": n}} for n in range(50)]
    answers = await asyncio.gather(
        *(ask(rooms, "POST", f"/v1/commands/{command_id}/result", json=report) for report in reports)
    )
    assert {status for status, _ in answers} == {200}
    assert rooms.metrics.finished.labels("done")._value.get() == 1


async def test_only_the_device_that_has_the_command_may_report_it(rooms: Rooms) -> None:
    command_id = await queue_one(rooms)
    status, problem = await ask(rooms, "POST", f"/v1/commands/{command_id}/result", DEV_2, json={"status": "done"})
    assert (status, problem["code"]) == (409, "result_conflict")
    await rooms.add_account("acc_2", DEV_2[:-1] + "3")
    for what in ("result", "progress"):
        status, problem = await ask(
            rooms, "POST", f"/v1/commands/{command_id}/{what}", DEV_2[:-1] + "3", "acc_2", json={"status": "running"}
        )
        assert status in (404, 422)
    assert (await ask(rooms, "GET", f"/v1/commands/{command_id}"))[1]["status"] == "queued"


async def test_cancelling_what_no_device_has_ends_it_at_once(rooms: Rooms) -> None:
    command_id = await queue_one(rooms)
    assert (await ask(rooms, "POST", f"/v1/commands/{command_id}/cancel"))[1]["status"] == "cancelled"
    status, problem = await ask(rooms, "POST", f"/v1/commands/{command_id}/cancel")
    assert (status, problem["code"]) == (409, "not_cancellable")


async def test_cancelling_what_a_device_has_is_the_devices_to_do(rooms: Rooms) -> None:
    async with laptop(rooms, lambda command: None) as machine:
        async with rooms.act("acc_1", "createNote", {"title": "Boat"}, Prefer="wait=0"):
            pass
        await machine.until(lambda: bool(machine.commands))
        await rooms.sent.flush()
        command_id = machine.commands[0]["id"]
        assert (await ask(rooms, "POST", f"/v1/commands/{command_id}/cancel"))[1]["status"] == "delivered"
        await machine.until(lambda: machine.cancelled == [command_id])
        await machine.report(command_id, {"status": "cancelled"})
    assert (await ask(rooms, "GET", f"/v1/commands/{command_id}"))[1]["status"] == "cancelled"


async def test_what_the_device_did_counts_also_after_a_cancel(rooms: Rooms) -> None:
    command_id = await queue_one(rooms)
    await ask(rooms, "POST", f"/v1/commands/{command_id}/cancel")
    await ask(rooms, "POST", f"/v1/commands/{command_id}/result", json=done({"arguments": {"title": "Boat"}}))
    assert (await ask(rooms, "GET", f"/v1/commands/{command_id}"))[1]["status"] == "done"


async def test_an_overdue_command_expires_and_its_contents_go(rooms: Rooms) -> None:
    command_id = await queue_one(rooms, "Secret plan")
    await rooms.store.write(lambda c: c.execute(update(commands).values(expires_at=now_us() - 1)))
    await rooms.sweeper.sweep()
    assert (await ask(rooms, "GET", f"/v1/commands/{command_id}"))[1]["status"] == "expired"
    stored = await rooms.store.read(lambda c: c.execute(select(events.c.data)).scalars().all())
    assert not any("Secret" in data for data in stored)


async def test_a_running_command_is_given_time_and_then_up(rooms: Rooms) -> None:
    command_id = await queue_one(rooms)
    await ask(rooms, "POST", f"/v1/commands/{command_id}/progress", json={"status": "running"})
    await rooms.store.write(lambda c: c.execute(update(commands).values(expires_at=now_us() - 1)))
    await rooms.sweeper.sweep()
    assert (await ask(rooms, "GET", f"/v1/commands/{command_id}"))[1]["status"] == "running"
    await rooms.store.write(
        lambda c: c.execute(update(commands).values(expires_at=now_us() - archive.OVERRUN_US - HOUR))
    )
    await rooms.sweeper.sweep()
    assert (await ask(rooms, "GET", f"/v1/commands/{command_id}"))[1]["status"] == "interrupted"


async def test_one_who_waits_hears_of_the_expiry(rooms: Rooms) -> None:
    async def waiting() -> dict[str, Any]:
        async with rooms.act("acc_1", "createNote", {"title": "Boat"}, Prefer="wait=20") as response:
            result: dict[str, Any] = await response.json()
            return result

    task = asyncio.create_task(waiting())
    while (await rooms.channel.heads(["acc_1"]))["acc_1"] == 0:
        await asyncio.sleep(0.01)
    await rooms.store.write(lambda c: c.execute(update(commands).values(expires_at=now_us() - 1)))
    await rooms.sweeper.sweep()
    assert (await asyncio.wait_for(task, 2))["status"] == "expired"


async def test_retention_really_deletes(rooms: Rooms) -> None:
    old, new = await queue_one(rooms, "old"), await queue_one(rooms, "new")
    for command_id in (old, new):
        await ask(rooms, "POST", f"/v1/commands/{command_id}/result", json={"status": "done"})
    age = now_us() - 8 * DAY
    await rooms.store.write(lambda c: c.execute(update(commands).where(commands.c.id == old).values(finished_at=age)))
    await rooms.store.write(lambda c: c.execute(update(events).where(events.c.seq == 1).values(created_at=age)))
    await rooms.sweeper.sweep()
    left = await rooms.store.read(lambda c: c.execute(select(commands.c.id)).scalars().all())
    assert left == [new]
    assert [seq for seq, _, _ in await rooms.channel.after("acc_1", 0, 10)] == [2]
    assert (await rooms.channel.extent("acc_1")).oldest == 2


async def test_the_list_is_newest_first_paged_and_filtered(rooms: Rooms) -> None:
    ids = [await queue_one(rooms, f"{n}") for n in range(5)]
    await ask(rooms, "POST", f"/v1/commands/{ids[2]}/result", json={"status": "done"})
    _, page = await ask(rooms, "GET", "/v1/commands?limit=2")
    assert [entry["id"] for entry in page["commands"]] == [ids[4], ids[3]]
    _, page = await ask(rooms, "GET", f"/v1/commands?limit=2&before={ids[3]}")
    assert [entry["id"] for entry in page["commands"]] == [ids[2], ids[1]]
    _, page = await ask(rooms, "GET", "/v1/commands?status=done")
    assert [entry["id"] for entry in page["commands"]] == [ids[2]]


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=1000", "status=what", "limit=٣"])
async def test_a_bad_query_gets_its_problem(rooms: Rooms, query: str) -> None:
    status, problem = await ask(rooms, "GET", f"/v1/commands?{query}")
    assert (status, problem["code"]) == (422, "invalid_arguments")


async def test_a_replay_marks_its_commands_as_delivered(rooms: Rooms) -> None:
    command_id = await queue_one(rooms)
    async with rooms.stream("acc_1", DEV_1) as listener:
        await listener.next_of("command")
        while not rooms.sent._replays:
            await asyncio.sleep(0.01)
        await rooms.sent.flush()
    command = (await ask(rooms, "GET", f"/v1/commands/{command_id}"))[1]
    assert command["status"] == "delivered"
    assert command["hops"]["sent"]


@pytest.mark.parametrize(
    "report",
    [
        {},
        {"status": "queued"},
        {"status": "done", "output": []},
        {"status": "failed", "error": {"code": "X Y", "message": "m"}},
    ],
)
async def test_a_report_that_is_none_is_refused_and_the_command_goes_on(rooms: Rooms, report: dict[str, Any]) -> None:
    command_id = await queue_one(rooms)
    status, problem = await ask(rooms, "POST", f"/v1/commands/{command_id}/result", json=report)
    assert (status, problem["code"]) == (422, "invalid_arguments")
    assert (await ask(rooms, "GET", f"/v1/commands/{command_id}"))[1]["status"] == "queued"
