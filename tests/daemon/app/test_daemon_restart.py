"""What a killed or stopped daemon left behind is finished, told, or honestly called interrupted; never done twice."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deskbell_daemon.app import run
from deskbell_daemon.ledger import Ledger, new_entry
from deskbell_daemon.settings import load_settings
from deskbell_wire.command import Command
from deskbell_wire.errors import Problem
from deskbell_wire.result import Report

PROCESS = Path(__file__).parents[1] / "support" / "daemon_process.py"


async def _left(paired, command, state, report=None):
    ledger = Ledger(paired.ledger_file)
    await ledger.admit(new_entry(Command.model_validate(command), state, report), "e1-0", ledger.begin_stream())
    await ledger.close()


@pytest.mark.parametrize(
    ("changes", "state", "status", "effects"),
    [
        ({}, "ready", "done", 1),
        ({}, "started", "done", 1),
        ({"action": "note.trash", "arguments": {"path": "x"}}, "started", "interrupted", 0),
        ({"expires_at": "2020-01-01T00:00:00.000000Z"}, "ready", "expired", 0),
        ({"expires_at": "2020-01-01T00:00:00.000000Z"}, "started", "interrupted", 0),
        (
            {"action": "note.trash", "arguments": {"path": "x"}, "expires_at": "2020-01-01T00:00:00.000000Z"},
            "waiting",
            "expired",
            0,
        ),
    ],
)
async def test_what_was_left_is_taken_up(relay, paired, start, actions, changes, state, status, effects):
    command = relay.command(**changes)
    await _left(paired, command, state)
    async with start(paired):
        assert (await relay.report(command["id"]))["status"] == status
    assert len(actions.done()) == effects


async def test_what_was_finished_but_not_told_is_told(relay, paired, start, actions):
    command = relay.command()
    await _left(paired, command, "finished", Report(status="done", output={"path": "before"}))
    async with start(paired):
        assert (await relay.report(command["id"]))["output"] == {"path": "before"}
    assert actions.done() == []


async def test_what_an_older_pairing_left_is_neither_run_nor_told(relay, paired, start, actions):
    command = relay.command(device_id="dev_01932c07-0000-7000-8000-000000000000")
    await _left(paired, command, "ready")
    async with start(paired):
        await relay.report(await relay.send())
    assert command["id"] not in relay.reports
    assert len(actions.done()) == 1


async def test_a_stop_lets_what_has_begun_be_finished(relay, paired, start, actions):
    async with start(paired):
        actions.release.clear()
        command_id = await relay.send()
        await relay.until(lambda: (command_id, {"status": "running"}) in relay.progress)
        asyncio.get_running_loop().call_later(0.3, actions.release.set)
    assert relay.reports[command_id][0]["status"] == "done"


async def test_one_daemon_a_profile(paired, start):
    async with start(paired):
        with pytest.raises(Problem) as raised:
            await run(load_settings(paired), paired, performers={}, context=str)
    assert raised.value.code == "profile_in_use"


def _spawn(places, effects):
    environment = {**os.environ, "DESKBELL_HOME": str(places.config_file.parent.parent)}
    return subprocess.Popen(
        [sys.executable, str(PROCESS), str(effects)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


async def test_a_second_process_is_refused_and_sigterm_is_orderly(relay, paired, actions):
    first = _spawn(paired, actions.folder)
    try:
        await relay.until(lambda: relay.streams, 60)  # two processes start beside other tests
        second = await asyncio.to_thread(_spawn(paired, actions.folder).communicate)
        assert b"already runs" in second[0]
        await relay.report(await relay.send())
        first.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(first.wait, 30) == 0
        assert not paired.local_file.exists()
        assert b"canary" not in paired.log_file.read_bytes()
    finally:
        first.kill()
        await asyncio.to_thread(first.communicate)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_kill_9_at_random_instants_loses_nothing_and_does_nothing_twice(relay, paired, actions):
    rounds, ids, draw = 20, [], random.Random(7)
    for _ in range(rounds):
        process = _spawn(paired, actions.folder)
        try:
            seen = relay.streams
            for _ in range(10):
                ids.append(await relay.send(arguments={"title": f"n{len(ids)}"}))
            await relay.until(lambda seen=seen: relay.streams > seen)
            await asyncio.sleep(draw.uniform(0, 0.05))
        finally:
            process.kill()
            await asyncio.to_thread(process.communicate)
    last = _spawn(paired, actions.folder)
    try:
        for command_id in ids:
            report = await relay.report(command_id, 30)
            assert report["status"] == "done"
            assert all(again == report or again["output"] == report["output"] for again in relay.reports[command_id])
    finally:
        last.terminate()
        await asyncio.to_thread(last.communicate)
    # The effect is a file named by the command: there is one for each, whatever was repeated.
    assert {path.name for path in actions.folder.glob("cmd_*")} == set(ids)
    assert relay.refreshes >= rounds
    assert not relay.family_dead


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_kill_9_never_repeats_what_must_not_be_repeated(relay, paired, actions):
    paired.config_file.write_text(paired.config_file.read_text() + '\n[consent]\nact = "run"\n')
    ids, draw = [], random.Random(11)
    for _ in range(10):
        process = _spawn(paired, actions.folder)
        try:
            seen = relay.streams
            for _ in range(5):
                ids.append(await relay.send(action="note.trash", arguments={"path": f"n{len(ids)}"}))
            await relay.until(lambda seen=seen: relay.streams > seen)
            await asyncio.sleep(draw.uniform(0, 0.03))
        finally:
            process.kill()
            await asyncio.to_thread(process.communicate)
    last = _spawn(paired, actions.folder)
    try:
        statuses = [(await relay.report(command_id, 30))["status"] for command_id in ids]
    finally:
        last.terminate()
        await asyncio.to_thread(last.communicate)
    done = [line.split()[1] for line in actions.done()]
    assert len(done) == len(set(done))
    assert set(statuses) <= {"done", "interrupted"}
    for command_id, status in zip(ids, statuses, strict=True):
        assert status == "interrupted" or command_id in done


async def test_the_relays_refusal_of_an_unpaired_daemon_is_a_sentence(places, start):
    async with start(places) as daemon:
        status = await daemon.status()
        assert status["paired"] is False
        assert status["connection"]["state"] == "unpaired"
        with pytest.raises(Problem) as raised:
            await daemon.relay("GET", "/v1/devices", None)
    assert raised.value.code == "not_paired"
