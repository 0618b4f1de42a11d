"""The real model on this machine: an answer, a stop, an end, a new beginning."""

import asyncio
import os
import signal
from pathlib import Path

import psutil
import pytest
from run_rooms import RunRooms, text_of

from deskbell_relay.ai.local.engine import LocalEngine, LocalModel, model_file

LONG = "Tell me a long story about the sea, the wind, and an old boat."


def model(rooms: RunRooms) -> LocalModel:
    [local] = [one for one in rooms.relay.core.runs.registry.upstreams if isinstance(one, LocalModel)]
    return local


@pytest.mark.slow
async def test_the_real_model_answers_stops_dies_and_comes_back(tmp_path: Path) -> None:
    assert model_file() is not None, "make test installs xllamacpp and the weights"
    async with RunRooms(tmp_path, ai_local=True, ai_local_idle_s=0.2) as rooms:
        engine = model(rooms).engine
        assert engine.pid is None, "started on demand"

        run_id = await rooms.begin("What is the capital of France?", provider="local")
        events = await rooms.read(run_id)
        end = await rooms.end(run_id)
        assert end["status"] == "done", end
        assert end["usage"]["source"] == "provider"
        assert end["usage"]["completion_tokens"] > 1
        assert len(text_of(events)) > 10

        run_id = await rooms.begin(LONG, provider="local")
        await rooms.read(run_id, most=5)
        status, stopped = await rooms.laptop.call("POST", f"/ai/runs/{run_id}/stop")
        assert (status, stopped["status"], stopped["end"]["stops_billing"]) == (200, "stopped", True)
        assert stopped["text"]

        run_id = await rooms.begin(LONG, provider="local")
        await rooms.read(run_id, most=5)
        pid = engine.pid
        assert pid is not None
        arguments = " ".join(psutil.Process(pid).cmdline())
        assert "key" not in arguments, "others can read arguments"
        os.kill(pid, signal.SIGKILL)
        assert (await rooms.end(run_id))["code"] == "answer_cut_off"

        run_id = await rooms.begin("What is the capital of Spain?", provider="local")
        async with asyncio.timeout(60):
            while engine.pid in (None, pid):
                await asyncio.sleep(0.001)
        os.kill(engine.pid, signal.SIGKILL)  # while it loads: nobody notices
        end = await rooms.end(run_id)
        assert end["status"] == "done", end
        assert end["retries"] in (1, 2), "the death before may still go unseen when it is asked"

        run_id = await rooms.begin("What is the capital of Italy?", provider="local")
        assert (await rooms.end(run_id))["status"] == "done"
        pid = engine.pid
        assert pid is not None
        async with asyncio.timeout(10):
            while psutil.pid_exists(pid):  # stopped when idle
                await asyncio.sleep(0.05)
        assert engine.pid is None


@pytest.mark.slow
async def test_who_comes_in_the_moment_of_the_idle_end_keeps_the_process() -> None:
    file = model_file()
    assert file is not None, "make test installs xllamacpp and the weights"
    engine = LocalEngine(file, idle_s=3600)
    try:
        async with engine.running():
            pid = engine.pid
        engine._retire()  # the timer fires, and in the same turn of the loop somebody comes
        async with engine.running():
            await asyncio.sleep(0.05)
            assert engine.pid == pid
    finally:
        await engine.stop()


def spent(pid: int) -> float:
    """Seconds of processor time that the process has had."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


@pytest.mark.slow
async def test_stop_while_the_real_model_still_reads_the_prompt_ends_its_work_soon(tmp_path: Path) -> None:
    async with RunRooms(tmp_path, ai_local=True) as rooms:
        await rooms.end(await rooms.begin("Say hi.", provider="local"))
        pid = model(rooms).engine.pid
        assert pid is not None
        before = spent(pid)
        run_id = await rooms.begin("The keeper rings a bell of bronze by night. " * 80, provider="local")
        async with asyncio.timeout(30):
            while spent(pid) < before + 0.3:  # nothing else tells that it reads
                await asyncio.sleep(0.01)
        status, stopped = await rooms.laptop.call("POST", f"/ai/runs/{run_id}/stop")
        assert (status, stopped["status"], stopped["text"]) == (200, "stopped", "")
        at_stop = spent(pid)
        last = -1.0
        async with asyncio.timeout(60):
            while (now := spent(pid)) != last:
                last = now
                await asyncio.sleep(0.5)
        assert last - at_stop < 1.2, "it read on to the end of its prompt"
