"""Stop: closes the upstream call at once, whenever it comes, and keeps what came."""

import asyncio
import time
from pathlib import Path

import pytest
from paced_provider import Exchange, saying, silent, thinking, typing
from run_rooms import RunRooms, text_of


@pytest.mark.parametrize("script", [typing, thinking, silent])
async def test_stop_closes_the_upstream_call_and_answers_when_it_is_closed(tmp_path: Path, script: object) -> None:
    async with RunRooms(tmp_path, script) as rooms:  # type: ignore[arg-type]
        spent = []
        for turn in range(1, 6):
            run_id = await rooms.begin()
            call = await rooms.provider.called(turn)
            await asyncio.sleep(0.03)
            asked = time.perf_counter()
            status, info = await rooms.laptop.call("POST", f"/ai/runs/{run_id}/stop")
            await asyncio.wait_for(call.closed.wait(), 5)
            spent.append(call.closed_at - asked)
            assert (status, info["status"], info["end"]["status"]) == (200, "stopped", "stopped")
            assert info["end"]["stops_billing"] is None, "this provider does not say"
            events = await rooms.read(run_id)
            assert text_of(events) == info["text"]
            assert bool(info["text"]) == (script is typing)
        assert sorted(spent)[2] < 0.05, spent


async def test_stop_at_any_moment_ends_the_run_once(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying(*"abc", pause_s=0.001)) as rooms:
        for turn in range(12):
            run_id = await rooms.begin()
            await asyncio.sleep(turn * 0.001)
            answers = await asyncio.gather(
                *(rooms.laptop.call("POST", f"/ai/runs/{run_id}/stop") for _ in range(3)), rooms.read(run_id)
            )
            events = answers[-1]
            assert [event.event for event in events].count("end") == 1
            ends = [document["end"] for _, document in answers[:-1]]
            assert ends[0] == ends[1] == ends[2]
            assert ends[0]["status"] in ("stopped", "done")
            again = await rooms.laptop.call("POST", f"/ai/runs/{run_id}/stop")
            assert again[1]["end"] == ends[0]


async def test_stop_while_it_waits_to_ask_again(tmp_path: Path) -> None:
    async def busy(exchange: Exchange) -> None:
        await exchange.answer(429, {"error": {"message": "busy"}}, **{"Retry-After": "5"})

    async with RunRooms(tmp_path, busy) as rooms:
        run_id = await rooms.begin()
        await rooms.provider.called()
        async with asyncio.timeout(4):
            _, info = await rooms.laptop.call("POST", f"/ai/runs/{run_id}/stop")
        assert info["status"] == "stopped"
        assert len(rooms.provider.calls) == 1


async def test_a_relay_that_stops_ends_its_runs_with_a_word_and_keeps_what_came(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, typing) as rooms:
        run_id = await rooms.begin()
        reading = asyncio.create_task(rooms.read(run_id))
        await rooms.read(run_id, most=5)
        await rooms.relay.core.runs.drain()
        assert '"code":"run_interrupted"' in (await reading)[-1].data
        info = await rooms.relay.core.runs.info(rooms.laptop.account_id, run_id)
        assert (info.status, bool(info.text)) == ("error", True)


async def test_viewers_leaving_stop_nothing_unless_the_operator_wants_it(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, saying(*"abcdefgh", pause_s=0.02)) as rooms:
        run_id = await rooms.begin()
        await rooms.read(run_id, most=2)
        assert text_of(await rooms.read(run_id)) == "abcdefgh"
    async with RunRooms(tmp_path / "orphans", typing, ai_orphan_s=0.5) as rooms:
        run_id = await rooms.begin()
        events = await rooms.read(run_id, most=3)
        if len(events) == 3:  # on a slow machine nobody may have come in time, and then nobody was asked
            await asyncio.wait_for((await rooms.provider.called()).closed.wait(), 20)
        async with asyncio.timeout(20):
            while (await rooms.info(run_id))["status"] == "running":
                await asyncio.sleep(0.01)
        assert (await rooms.info(run_id))["status"] == "stopped"
