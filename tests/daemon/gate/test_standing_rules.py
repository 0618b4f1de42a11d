"""'Always', and what an assistant may try with it: it holds for one thing as it was, for one assistant, for a time."""

import asyncio
import json
import sys

import pytest
from asking import TRASH, waiting

from deskbell_daemon.actions import local_run
from deskbell_daemon.audit.verdict import verify
from deskbell_daemon.gate.definitions import Definitions, wire_hash
from deskbell_daemon.gate.desk import Answer
from deskbell_daemon.gate.standing import StandingRules
from deskbell_wire import clock
from deskbell_wire.actions import BY_ID
from deskbell_wire.errors import Problem


def local(name, *words, parameter=True):
    slots = [sys.executable, "-c", "import sys; print(sys.argv)", *words, *(["{what}"] if parameter else [])]
    rows = 'parameters = [{ name = "what", kind = "text" }]\n' if parameter else ""
    return f'\n[action.{name}]\ndescription = "Does it."\nargv = {json.dumps(slots)}\n{rows}'


def run(name, what="x"):
    return {"action": "local.run", "arguments": {"name": name, "parameters": {"what": what}}}


@pytest.fixture
def desk(paired, start, actions):
    """A daemon that can run local actions."""

    def started(config=""):
        text = paired.config_file.read_text()
        paired.config_file.write_text(text + config)
        return start(paired, performers={**actions.performers, "local.run": local_run.perform})

    return started


def always(daemon, command_id, days=30):
    return daemon.approve(command_id, "always", by="page", days=days)


async def test_always_holds_for_this_action_of_this_assistant_also_after_a_restart(relay, paired, start, actions):
    async with start(paired) as daemon:
        first = await relay.send(**TRASH)
        await waiting(relay, first)
        await always(daemon, first)
        assert (await relay.report(first))["status"] == "done"
    assert paired.rules_file.stat().st_mode & 0o777 == 0o600
    async with start(paired) as daemon:
        second = await relay.send(action="note.trash", arguments={"path": "b.md"})
        assert (await relay.report(second))["status"] == "done"
        other = {"grant_id": relay.grant_id[:-1] + ("0" if relay.grant_id[-1] != "0" else "1")}
        third = await relay.send(**TRASH, assistant={**other, "name": "GPT", "host": "chatgpt.com"})
        await waiting(relay, third)
        [rule] = daemon.rules()["rules"]
        await daemon.revoke_rule(rule["id"])
        fourth = await relay.send(**TRASH)
        await waiting(relay, fourth)
        with pytest.raises(Problem, match="no rule"):
            await daemon.revoke_rule(rule["id"])
    assert len(actions.done()) == 2
    records = [json.loads(line) for line in (paired.audit_dir / "audit.jsonl").read_text().splitlines()]
    events = [record["event"] for record in records]
    [by_rule] = [record for record in records if record["event"] == "answered" and record["by"] == "rule"]
    assert (by_rule["id"], by_rule["scope"], by_rule["rule"]) == (second, "always", rule["id"])
    assert events.index("rule_given") < events.index("answered") < events.index("started") < events.index("finished")
    assert verify(paired.audit_dir).whole


async def test_one_local_action_always_is_no_other_one(relay, desk):
    async with desk(local("harmless") + local("backup", "--all")) as daemon:
        first = await relay.send(**run("harmless"))
        await waiting(relay, first)
        await always(daemon, first)
        assert (await relay.report(first))["status"] == "done"
        # Arguments that look like another action stay arguments.
        again = await relay.report(await relay.send(**run("harmless", "backup --all; local.run backup")))
        assert "backup --all; local.run backup" in again["output"]["output"]
        other = await relay.send(**run("backup"))
        await waiting(relay, other)
        for name in ("harmless backup", "Harmless", "harmless\n", "../backup"):
            report = await relay.report(await relay.send(**run(name)))
            assert report["error"]["code"] == "invalid_arguments"


async def test_a_changed_definition_makes_an_old_always_void_and_the_person_hears_why(relay, paired, desk):
    base = paired.config_file.read_text()
    async with desk(local("tidy")) as daemon:
        first = await relay.send(**run("tidy"))
        await waiting(relay, first)
        await always(daemon, first)
        await relay.report(first)
        with daemon.changes.listen() as changes:
            paired.config_file.write_text(base + local("tidy", "--delete-everything"))
            while (await changes.get())[0] != "settings":
                pass
        second = await relay.send(**run("tidy"))
        await waiting(relay, second)
        [request] = daemon.requests()["requests"]
        assert "it has changed since" in request["note"]
        assert "--delete-everything" in request["words"]
        async with asyncio.timeout(5):
            while json.loads(paired.rules_file.read_text())["rules"]:
                await asyncio.sleep(0.01)
        assert daemon.rules() == {"rules": []}


async def test_what_changes_while_it_waits_is_shown_again_and_an_answer_to_the_old_one_does_nothing(
    relay, paired, desk
):
    base = paired.config_file.read_text()
    async with desk(local("tidy")) as daemon:
        command = await relay.send(**run("tidy"))
        await waiting(relay, command)
        [before] = daemon.requests()["requests"]
        with daemon.changes.listen() as changes:
            paired.config_file.write_text(base + local("tidy", "--delete-everything"))
            while (await changes.get())[0] != "settings":
                pass
        [after] = daemon.requests()["requests"]
        assert after["definition"] != before["definition"]
        assert "changed on this laptop" in after["note"]
        with pytest.raises(Problem) as raised:
            await daemon.approve(command, "once", definition=before["definition"])
        assert raised.value.code == "request_changed"
        await daemon.approve(command, "once", definition=after["definition"])
        assert "--delete-everything" in (await relay.report(command))["output"]["output"]


async def test_a_rule_ends_by_itself_and_not_later_when_the_clock_is_set_back(tmp_path, monkeypatch):
    now = clock.now_us()
    rules = StandingRules(tmp_path / "rules.json")
    job = _job()
    rule = rules.draft(job, "note.trash", "d", 7)
    await rules.give(rule)
    assert rules.find("note.trash", "d", job.command.assistant.grant_id) == rule
    for later in (7 * clock.DAY, -clock.HOUR):
        monkeypatch.setattr(clock, "now_us", lambda later=later: now + later + clock.SECOND)
        assert rules.find("note.trash", "d", job.command.assistant.grant_id) is None
    for days in (0, 2, 365, -1):
        with pytest.raises(Problem, match="days"):
            rules.draft(job, "note.trash", "d", days)


async def test_a_rules_file_that_was_tampered_with_allows_nothing(tmp_path):
    path = tmp_path / "rules.json"
    path.write_text('{"rules": [{"id": "rul_x", "thing": "local.run backup"}]}')
    assert StandingRules(path).all() == []
    assert path.with_suffix(".unreadable").exists()


def test_a_catalogue_action_is_bound_to_its_wire_definition():
    definitions = Definitions(BY_ID)
    assert definitions.of("note.trash") == ("note.trash", wire_hash(BY_ID["note.trash"]))
    assert definitions.of("local.run backup abc") == ("local.run backup", "abc")
    assert len({wire_hash(action) for action in BY_ID.values()}) == len(BY_ID)


async def test_without_a_record_no_answer_and_no_effect(relay, paired, start, actions, monkeypatch):
    async with start(paired) as daemon:
        command = await relay.send(**TRASH)
        await waiting(relay, command)

        def full(event, facts, *, lazy=False):
            future = asyncio.get_running_loop().create_future()
            future.set_exception(Problem("disk_full", "The disk is full."))
            return future

        monkeypatch.setattr(daemon._audit, "write", full)
        with pytest.raises(Problem, match="full"):
            await daemon.approve(command, "once")
        assert actions.done() == []
        assert [request["id"] for request in daemon.requests()["requests"]] == [command]
        monkeypatch.undo()
        await daemon.approve(command, "once")
        assert (await relay.report(command))["status"] == "done"


async def test_a_flood_of_one_assistant_is_bounded_announced_once_and_leaves_room_for_others(relay, paired, start):
    other = {"grant_id": relay.grant_id[:-1] + ("0" if relay.grant_id[-1] != "0" else "1")}
    async with start(paired) as daemon:
        with daemon.changes.listen() as changes:
            for _ in range(100):
                await relay.send(**TRASH)
            last = await relay.send(**TRASH, assistant={**other, "name": "Claude", "host": "claude.ai"})
            await relay.until(lambda: len(relay.reports) == 75)
            await waiting(relay, last)
            requests = daemon.requests()["requests"]
            announced = []
            while not changes.empty():
                name, data = changes.get_nowait()
                announced += [data["assistant"]] if name == "request" else []
        assert {report[0]["error"]["code"] for report in relay.reports.values()} == {"too_many_pending"}
        assert len(requests) == 26
        assert len({request["group"] for request in requests}) == 2
        assert announced == ["GPT", "Claude"]


async def test_panic_refuses_all_and_ends_what_runs(relay, paired, desk):
    config = (
        f'\n[action.slow]\ndescription = "Slow."\nconsent = "allow"\n'
        f"argv = {json.dumps([sys.executable, '-uc', 'import time; print(1); time.sleep(600)'])}\n"
    )
    async with desk(config) as daemon:
        held = await relay.send(**TRASH)
        await waiting(relay, held)
        running = await relay.send(action="local.run", arguments={"name": "slow", "parameters": {}})
        await relay.until(lambda: any(id_ == running for id_, _ in relay.progress))
        await daemon.panic()
        assert (await relay.report(held))["error"]["code"] == "paused"
        assert (await relay.report(running, 15))["status"] == "cancelled"
        assert (await relay.report(await relay.send(**TRASH)))["error"]["code"] == "paused"
        assert (await daemon.status())["paused"] is True


async def test_an_answer_of_another_days_or_scope_is_no_answer(relay, paired, start):
    async with start(paired) as daemon:
        command = await relay.send(**TRASH)
        await waiting(relay, command)
        with pytest.raises(Problem, match="days"):
            await always(daemon, command, days=4_000)
        assert daemon.rules() == {"rules": []}
        assert [request["id"] for request in daemon.requests()["requests"]] == [command]
    assert Answer().scope == "once"


def _job():
    from deskbell_daemon.gate.job import Job, Subject
    from deskbell_wire.command import Assistant, Command
    from deskbell_wire.ids import new_id
    from deskbell_wire.notes import TrashNote

    now = clock.to_timestamp(clock.now_us())
    assistant = Assistant(grant_id=new_id("gra"), name="GPT", host="chatgpt.com")
    command = Command(
        id=new_id("cmd"), action="note.trash", arguments={"path": "a.md"}, device_id=new_id("dev"),
        assistant=assistant, received_at=now, expires_at=now,
    )  # fmt: skip
    subject = Subject("note.trash", "Trash")
    return Job(command, BY_ID["note.trash"], TrashNote(path="a.md"), 0, "ask", subject)
