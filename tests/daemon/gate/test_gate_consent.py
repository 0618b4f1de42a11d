"""What waits for a person, and what becomes of it: approve, refuse, pause, cancel, expiry, restart."""

import asyncio

import pytest

from deskbell_wire import clock
from deskbell_wire.errors import Problem

TRASH = {"action": "note.trash", "arguments": {"path": "a.md"}}


async def _waiting(relay, command_id):
    await relay.until(lambda: (command_id, "awaiting_approval") in [(i, p["status"]) for i, p in relay.progress])


async def test_an_act_waits_and_runs_when_approved(relay, paired, start, actions):
    async with start(paired) as daemon:
        command_id = await relay.send(**TRASH)
        await _waiting(relay, command_id)
        [request] = daemon.requests()["requests"]
        assert request["arguments"] == {"path": "a.md"}
        assert request["assistant"]["name"] == "GPT"
        assert actions.done() == []
        await daemon.approve(command_id, "once")
        assert (await relay.report(command_id))["status"] == "done"
        assert daemon.requests() == {"requests": [], "allowances": []}


async def test_refusing_is_told(relay, paired, start, actions):
    async with start(paired) as daemon:
        command_id = await relay.send(**TRASH)
        await _waiting(relay, command_id)
        await daemon.refuse(command_id)
        report = await relay.report(command_id)
    assert (report["status"], report["error"]["code"]) == ("refused", "refused")
    assert actions.done() == []


async def test_an_answer_counts_once(relay, paired, start, actions):
    async with start(paired) as daemon:
        command_id = await relay.send(**TRASH)
        await _waiting(relay, command_id)
        answers = await asyncio.gather(
            *[daemon.approve(command_id, "once") for _ in range(5)], daemon.refuse(command_id), return_exceptions=True
        )
        await relay.report(command_id)
    assert [type(answer) for answer in answers].count(type(None)) == 1
    assert {answer.code for answer in answers if isinstance(answer, Problem)} == {"request_not_found"}
    assert len(actions.done()) == 1


async def test_allowed_for_an_hour_is_this_action_of_this_assistant_alone(relay, paired, start):
    async with start(paired) as daemon:
        first = await relay.send(**TRASH)
        await _waiting(relay, first)
        await daemon.approve(first, "hour")
        second = await relay.send(**TRASH)
        assert (await relay.report(second))["status"] == "done"
        [allowance] = daemon.requests()["allowances"]
        assert allowance["action"] == "note.trash"
        other = {"grant_id": relay.grant_id[:-1] + ("0" if relay.grant_id[-1] != "0" else "1")}
        third = await relay.send(**TRASH, assistant={**other, "name": "GPT", "host": "chatgpt.com"})
        await _waiting(relay, third)


async def test_the_allowance_ends(relay, paired, start):
    text = paired.config_file.read_text()
    paired.config_file.write_text(text + "allow_hour_s = 0.2\n")
    async with start(paired) as daemon:
        first = await relay.send(**TRASH)
        await _waiting(relay, first)
        await daemon.approve(first, "hour")
        await relay.report(first)
        await asyncio.sleep(0.25)
        second = await relay.send(**TRASH)
        await _waiting(relay, second)
        assert daemon.requests()["allowances"] == []


async def test_a_request_survives_a_restart_and_then_runs(relay, paired, start, actions):
    async with start(paired):
        command_id = await relay.send(**TRASH)
        await _waiting(relay, command_id)
    relay.progress.clear()
    async with start(paired) as daemon:
        await _waiting(relay, command_id)
        assert [request["id"] for request in daemon.requests()["requests"]] == [command_id]
        await daemon.approve(command_id, "once")
        assert (await relay.report(command_id))["status"] == "done"
    assert len(actions.done()) == 1


async def test_a_question_stays_until_the_command_expires(relay, paired, start, actions):
    async with start(paired) as daemon:
        soon = clock.to_timestamp(clock.now_us() + clock.SECOND)
        command_id = await relay.send(**TRASH, expires_at=soon)
        await _waiting(relay, command_id)
        report = await relay.report(command_id)
        with pytest.raises(Problem, match="waits for an answer"):
            await daemon.approve(command_id, "once")
    assert (report["status"], report["error"]["code"]) == ("expired", "command_expired")
    assert actions.done() == []


async def test_cancelled_before_it_begins_never_begins(relay, paired, start, actions):
    async with start(paired):
        command_id = await relay.send(**TRASH)
        await _waiting(relay, command_id)
        await relay.publish("cancel", {"id": command_id})
        assert (await relay.report(command_id))["status"] == "cancelled"
    assert actions.done() == []


async def test_cancelled_in_the_same_breath(relay, paired, start, actions):
    command = relay.command(**TRASH)
    await relay.publish("command", command)
    await relay.publish("cancel", {"id": command["id"]})
    async with start(paired):
        assert (await relay.report(command["id"]))["status"] == "cancelled"
    assert actions.done() == []


async def test_cancelled_after_it_began_says_what_happened(relay, paired, start, actions):
    actions.release.clear()
    async with start(paired) as daemon:
        command_id = await relay.send(**TRASH)
        await _waiting(relay, command_id)
        await daemon.approve(command_id, "once")
        await relay.until(lambda: (command_id, {"status": "running"}) in relay.progress)
        await relay.publish("cancel", {"id": command_id})
        actions.release.set()
        assert (await relay.report(command_id))["status"] == "done"


async def test_pause_refuses_what_waits_what_is_ready_and_what_comes(relay, paired, start, actions):
    actions.release.clear()
    async with start(paired) as daemon:
        waiting = await relay.send(**TRASH)
        await _waiting(relay, waiting)
        running = await relay.send(arguments={"title": "running"})
        await relay.until(lambda: (running, {"status": "running"}) in relay.progress)
        ready = await relay.send(arguments={"title": "running"})
        async with asyncio.timeout(5):
            while daemon._line.gate.busy < 2:
                await asyncio.sleep(0.01)
        await daemon.pause(True)
        coming = await relay.send()
        codes = [(await relay.report(command_id))["error"]["code"] for command_id in (waiting, ready, coming)]
        actions.release.set()
        assert (await relay.report(running))["status"] == "done"
    assert codes == ["paused"] * 3
    async with start(paired) as daemon:  # it stays paused over a restart
        assert (await relay.report(await relay.send()))["error"]["code"] == "paused"
        await daemon.pause(False)
        assert (await relay.report(await relay.send()))["status"] == "done"


async def test_no_more_than_the_limit_may_wait(relay, paired, start, actions):
    paired.config_file.write_text(paired.config_file.read_text() + "waiting_commands = 3\n")
    for _ in range(10):
        await relay.send(**TRASH)
    async with start(paired) as daemon:
        await relay.until(lambda: len(relay.reports) == 7)
        assert len(daemon.requests()["requests"]) == 3
        assert {report[0]["error"]["code"] for report in relay.reports.values()} == {"too_many_pending"}


@pytest.mark.parametrize(
    ("rules", "title", "ran"),
    [
        ('write = "refuse"', "T", False),
        ('write = "refuse"\n[consent.actions]\n"note.create" = "run"', "T", True),
        ('[consent.actions]\n"note.create" = "refuse"', "T", False),
        ('[consent.assistants."GPT"]\nwrite = "refuse"', "T", False),
        ('write = "refuse"\n[consent.assistants."GPT"]\nwrite = "run"', "T", False),
        ('write = "refuse"\n[consent.assistants."GRANT"]\nwrite = "run"', "T", True),
        ('[consent.assistants."GRANT".actions]\n"note.create" = "refuse"', "T", False),
    ],
)
async def test_the_persons_rules_decide(relay, paired, start, actions, rules, title, ran):
    text = paired.config_file.read_text() + "\n[consent]\n" + rules.replace("GRANT", relay.grant_id) + "\n"
    paired.config_file.write_text(text)
    async with start(paired):
        report = await relay.report(await relay.send(arguments={"title": title}))
    assert (report["status"] == "done") is ran
    assert bool(actions.done()) is ran


async def test_reads_do_not_wait_for_each_other_but_writes_keep_their_order(relay, paired, start, actions):
    titles = ["same", "same", "slow", "same", "slow"] * 4
    ids = [await relay.send(arguments={"title": title}) for title in titles]
    async with start(paired):
        for command_id in ids:
            await relay.report(command_id)
    by_title = {title: [i for i, t in zip(ids, titles, strict=True) if t == title] for title in set(titles)}
    done = [line.split() for line in actions.done()]
    for title, expected in by_title.items():
        assert [line[1] for line in done if line[2] == title] == expected
