"""A run that is started once by its id, written into a note by a command, and kept while it comes."""

import asyncio
import json
from pathlib import Path
from typing import Any

from paced_provider import Exchange, delta, saying
from run_rooms import RunRooms, text_of

from deskbell_relay.ai import archive
from deskbell_wire.ids import new_id


async def hanging(exchange: Exchange) -> None:
    await exchange.send(delta("Hel"), delta("lo"))
    await exchange.hang()


async def start(rooms: RunRooms, **more: Any) -> tuple[int, dict[str, Any]]:
    return await rooms.laptop.call("POST", "/ai/runs", {"provider": "compatible", "prompt": "Say hello", **more})


async def test_a_run_of_the_same_id_is_the_same_run_and_asks_the_provider_once(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying("Hel", "lo")) as rooms:
        run_id = new_id("run")
        answers = await asyncio.gather(*(start(rooms, run_id=run_id) for _ in range(5)))
        assert {document["run_id"] for _, document in answers} == {run_id}
        assert text_of(await rooms.read(run_id)) == "Hello"
        await rooms.relay.core.runs.saved()
        rooms.relay.core.runs.forget_all()
        status, document = await start(rooms, run_id=run_id)
        assert (status, document["run_id"]) == (200, run_id)
        assert len(rooms.provider.calls) == 1


async def test_a_known_run_is_given_when_the_rate_is_used_up(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying("x"), ai_rate="1/minute") as rooms:
        run_id = new_id("run")
        assert (await start(rooms, run_id=run_id))[0] == 201
        assert (await start(rooms, run_id=run_id))[0] == 200
        assert (await start(rooms))[0] == 429


async def test_the_id_of_another_accounts_run_is_refused(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying("x"), registration="open") as rooms:
        run_id = await rooms.begin()
        other = await rooms.relay.pair("Other")
        assert other.account_id != rooms.laptop.account_id
        body = {"provider": "compatible", "prompt": "x", "run_id": run_id}
        status, document = await other.call("POST", "/ai/runs", body)
        assert (status, document["code"]) == (409, "idempotency_conflict")


async def test_save_as_note_makes_one_command_that_a_device_hears(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying("x")) as rooms:
        await rooms.laptop.call("PATCH", f"/v1/devices/{rooms.laptop.device_id}", {"actions": ["note.draft"]})
        run_id = new_id("run")
        asked = {
            "run_id": run_id,
            "save_as_note": True,
            "note_folder": "Ideas",
            "prompt": "Why  is\nthe sea " + "x " * 20,
        }
        _, first = await start(rooms, **asked)
        _, again = await start(rooms, **asked)
        assert first["note"] == again["note"], first
        status, command = await rooms.laptop.call("GET", f"/v1/commands/{first['note']['command_id']}")
        assert (status, command["action"]) == (200, "note.draft")
        events = await rooms.relay.core.channel.after(rooms.laptop.account_id, 0, 100)
        [heard] = [json.loads(data) for _, kind, data in events if kind == "command"]
        assert heard["arguments"] == {"run_id": run_id, "title": "Why is the sea x x x x", "folder": "Ideas"}
        assert (heard["assistant"]["grant_id"], heard["device_id"]) == (rooms.laptop.device_id,) * 2


async def test_a_note_that_nobody_can_write_is_told_and_the_run_goes_on(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying("x")) as rooms:
        status, document = await start(rooms, save_as_note=True)
        assert status == 201
        assert "None of these devices can do note.draft" in document["note"]["error"]
        assert text_of(await rooms.read(document["run_id"])) == "x"


async def test_what_has_come_is_kept_each_second_and_outlives_a_killed_relay(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, hanging) as rooms:
        core = rooms.relay.core
        run_id = await rooms.begin()
        await rooms.read(run_id, most=3)
        assert any(seconds <= 1 and job == core.runs.keep for seconds, job, _ in core.jobs())
        await core.runs.keep()
        kept = await core.store.read(lambda db: archive.find(db, rooms.laptop.account_id, run_id))
        assert kept is not None
        assert (kept.text, kept.status) == ("Hello", "running")
        # As the next process finds it: the log is gone with the killed one.
        await core.store.write(lambda db: archive.interrupt_all(db, 1))
        core.runs.forget_all()
        [end] = await rooms.read(run_id)
        assert json.loads(end.data)["code"] == "run_interrupted"
        assert (await rooms.info(run_id))["text"] == "Hello"
        assert await core.store.read(lambda db: archive.spent_since(db, rooms.laptop.account_id, 0)) == 2


async def test_the_end_is_never_overwritten_by_what_was_kept_on_the_way(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying("Hel", "lo")) as rooms:
        core = rooms.relay.core
        run_id = await rooms.begin()
        await rooms.read(run_id)
        await core.runs.saved()
        await core.store.write(lambda db: archive.keep(db, [(run_id, "Hel", 1)]))
        await core.runs.keep()
        kept = await core.store.read(lambda db: archive.find(db, rooms.laptop.account_id, run_id))
        assert kept is not None
        assert (kept.text, kept.status) == ("Hello", "done")
