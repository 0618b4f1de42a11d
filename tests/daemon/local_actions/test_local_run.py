"""`local.run` from the command on the stream to its report: consent, progress, cancel, stop, and a file that changes."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from deskbell_daemon.actions import local_run
from deskbell_daemon.local_actions.sandbox import bubblewrap
from deskbell_wire.errors import Problem

ASSISTANT = {"name": "GPT", "host": "chatgpt.com"}


def action(name: str, code: str, **keys: Any) -> str:
    """An `[action.NAME]` that runs a Python program, whose arguments are the parameters."""
    parameters = keys.pop("parameters", [])
    slots = [f"{{{parameter['name']}}}" for parameter in parameters]
    lines = [
        f"[action.{name}]",
        'description = "Does it."',
        f"argv = {json.dumps([sys.executable, '-uc', code, *slots])}",
    ]
    lines += [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    rows = [", ".join(f"{key} = {json.dumps(value)}" for key, value in row.items()) for row in parameters]
    lines += [f"parameters = [{', '.join(f'{{ {row} }}' for row in rows)}]"] if rows else []
    return "\n" + "\n".join(lines) + "\n"


SAY = action("say", "import sys; print(*sys.argv[1:])", parameters=[{"name": "what", "kind": "text"}])
SLOW = action(
    "slow",
    "import time\nfor n in range(600):\n print('step', n, flush=True); time.sleep(0.1)",
    consent="allow",
)


@pytest.fixture
def desk(relay: Any, paired: Any, start: Any, actions: Any) -> Any:
    """`async with desk(config) as daemon`: a paired daemon with the local actions of `config`."""

    @asynccontextmanager
    async def running(config: str) -> AsyncIterator[Any]:
        base = paired.config_file.read_text() if not hasattr(running, "base") else running.base
        running.base = base  # type: ignore[attr-defined]
        paired.config_file.write_text(base + config)
        performers = {**actions.performers, "local.run": local_run.perform}
        async with start(paired, performers=performers) as daemon:
            yield daemon

    return running


def run(name: str, **parameters: Any) -> dict[str, Any]:
    return {"action": "local.run", "arguments": {"name": name, "parameters": parameters}}


async def waiting(relay: Any, command_id: str) -> None:
    await relay.until(lambda: (command_id, "awaiting_approval") in [(i, p["status"]) for i, p in relay.progress])


def told(relay: Any, command_id: str) -> list[str]:
    return [p["message"] for i, p in relay.progress if i == command_id and p["status"] == "running" and "message" in p]


async def declared(relay: Any, *names: str) -> list[dict[str, Any]]:
    """What was declared last, once it is the actions of these names."""

    def last() -> list[dict[str, Any]]:
        patches = [patch["local_actions"] for patch in relay.patches if "local_actions" in patch]
        return patches[-1] if patches else []

    await relay.until(lambda: [entry["name"] for entry in last()] == list(names))
    return last()


async def test_it_asks_shows_what_would_be_executed_runs_and_gives_the_result(relay: Any, desk: Any) -> None:
    async with desk(SAY) as daemon:
        command_id = await relay.send(**run("say", what="hello; id"))
        await waiting(relay, command_id)
        [request] = daemon.requests()["requests"]
        assert (request["title"], request["arguments"]["parameters"]) == ("Say", {"what": "hello; id"})
        assert request["words"][0] == sys.executable
        assert request["words"][-1] == "hello; id"
        await daemon.approve(command_id, "once")
        report = await relay.report(command_id)
    assert (report["status"], report["output"]["exit_code"], report["output"]["output"]) == ("done", 0, "hello; id\n")


async def test_what_is_declared_is_what_a_caller_needs_and_no_more(relay: Any, desk: Any) -> None:
    async with desk(SAY + SLOW + action("secret", "", consent="refuse")):
        [say, _] = await declared(relay, "say", "slow")
    assert say.keys() == {"name", "title", "description", "parameters"}
    assert say["parameters"][0]["max_length"] == 1_000
    assert sys.executable not in json.dumps(relay.patches)


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        ('consent = "allow"', "done"),
        ('consent = "refuse"', "refused"),
        ("", None),
        ('consent = "ask"\n[consent.actions]\n"local.run" = "run"', None),
        ('[consent.actions]\n"local.run" = "run"', "done"),
        ('consent = "allow"\n[consent.actions]\n"local.run" = "ask"', "done"),
        ('consent = "allow"\n[consent.actions]\n"local.run" = "refuse"', "refused"),
        ('consent = "allow"\n[consent.assistants."GPT".actions]\n"local.run" = "ask"', None),
        ('consent = "refuse"\n[consent.assistants."GRANT".actions]\n"local.run" = "run"', "refused"),
        ('consent = "ask"\n[consent.assistants."GRANT".actions]\n"local.run" = "run"', None),
        ('[consent.assistants."GRANT".actions]\n"local.run" = "run"', "done"),
        ('[consent.assistants."GPT".actions]\n"local.run" = "run"', None),
    ],
)
async def test_the_persons_rules_decide_and_only_they(relay: Any, desk: Any, rules: str, status: str | None) -> None:
    async with desk(SAY + rules.replace("GRANT", relay.grant_id) + "\n"):
        command_id = await relay.send(**run("say", what="x"))
        if status is None:
            await waiting(relay, command_id)
            assert command_id not in relay.reports
        else:
            assert (await relay.report(command_id))["status"] == status


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"name": "format_disk", "parameters": {}}, "action_not_found"),
        ({"name": "say", "parameters": {}}, "invalid_arguments"),
        ({"name": "say", "parameters": {"what": "--version"}}, "invalid_arguments"),
        ({"name": "say", "parameters": {"what": "x", "argv": "sh"}}, "invalid_arguments"),
        ({"name": "say; id", "parameters": {}}, "invalid_arguments"),
        ({"name": "say", "parameters": {"what": ["a", "b"]}}, "invalid_arguments"),
        ({"name": "say", "argv": ["sh"], "parameters": {"what": "x"}}, "invalid_arguments"),
    ],
)
async def test_what_could_not_run_anyway_is_answered_without_asking_anyone(
    relay: Any, desk: Any, arguments: dict[str, Any], code: str
) -> None:
    async with desk(SAY) as daemon:
        report = await relay.report(await relay.send(action="local.run", arguments=arguments))
        assert daemon.requests()["requests"] == []
    assert (report["status"], report["error"]["code"]) == ("failed", code)


async def test_an_hour_is_for_this_action_alone_and_ends_with_its_definition(
    relay: Any, desk: Any, paired: Any
) -> None:
    other = SAY.replace("action.say", "action.other")
    async with desk(SAY + other) as daemon:
        first = await relay.send(**run("say", what="1"))
        await waiting(relay, first)
        await daemon.approve(first, "hour")
        await relay.report(first)
        assert (await relay.report(await relay.send(**run("say", what="2"))))["status"] == "done"
        await waiting(relay, await relay.send(**run("other", what="3")))
        text = paired.config_file.read_text()
        paired.config_file.write_text(text.replace("[action.say]", "[action.say]\ntimeout_s = 59"))
        await daemon._watch.look()
        await waiting(relay, await relay.send(**run("say", what="4")))


def changed(text: str) -> str:
    return text.replace("import sys; print", "import sys; print('EVIL'); print")


async def test_what_waits_is_shown_as_it_is_now(relay: Any, desk: Any, paired: Any) -> None:
    async with desk(SAY) as daemon:
        await waiting(relay, await relay.send(**run("say", what="hello")))
        paired.config_file.write_text(changed(paired.config_file.read_text()))
        await daemon._watch.look()
        [request] = daemon.requests()["requests"]
        assert "EVIL" in request["words"][2]


async def test_a_consent_is_for_what_was_seen(relay: Any, desk: Any, paired: Any) -> None:
    async with desk(SAY + SLOW) as daemon:
        slow = [await relay.send(**run("slow")) for _ in range(4)]  # as many as may run at once
        await relay.until(lambda: {i for i, _ in relay.progress} >= set(slow))
        command_id = await relay.send(**run("say", what="hello"))
        await waiting(relay, command_id)
        await daemon.approve(command_id, "once")
        paired.config_file.write_text(changed(paired.config_file.read_text()))
        await daemon._watch.look()
        await relay.publish("cancel", {"id": slow[0]})
        report = await relay.report(command_id)
        for other in slow[1:]:
            await relay.publish("cancel", {"id": other})
            await relay.report(other)
    assert (report["status"], report["error"]["code"]) == ("failed", "action_changed")


async def test_its_lines_are_told_and_a_cancel_ends_it(relay: Any, desk: Any) -> None:
    async with desk(SLOW):
        command_id = await relay.send(**run("slow"))
        await relay.until(lambda: len(told(relay, command_id)) >= 3)
        assert told(relay, command_id)[0].startswith("step ")
        await relay.publish("cancel", {"id": command_id})
        report = await relay.report(command_id)
    assert report["status"] == "cancelled"
    assert "acted_at" in report


async def test_a_cancel_or_a_pause_that_comes_while_it_is_being_started_is_in_time(
    relay: Any, desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(SLOW) as daemon:
        gate, starting, go = daemon._line.gate, asyncio.Event(), asyncio.Event()
        recorded = gate._ledger.start

        async def slowly(command_id: str) -> None:
            starting.set()
            await go.wait()
            await recorded(command_id)

        monkeypatch.setattr(gate._ledger, "start", slowly)
        for stop, status in (("cancel", "cancelled"), ("pause", "refused")):
            starting.clear()
            go.clear()
            command_id = await relay.send(**run("slow"))
            await asyncio.wait_for(starting.wait(), 10)
            if stop == "cancel":
                gate.cancel(command_id)
            else:
                await daemon.panic()
            go.set()
            assert (await relay.report(command_id))["status"] == status


async def test_the_deadline_is_told_with_what_was_printed_last(relay: Any, desk: Any) -> None:
    async with desk(SLOW + "timeout_s = 0.5\n"):
        report = await relay.report(await relay.send(**run("slow")))
    assert (report["status"], report["error"]["code"]) == ("failed", "action_timeout")
    assert "step 1" in report["error"]["message"]


async def test_a_daemon_that_stops_ends_what_runs_and_says_so(relay: Any, desk: Any, paired: Any) -> None:
    async with desk("drain_s = 0.2\n" + SLOW):  # [limits] is the last table of the file
        command_id = await relay.send(**run("slow"))
        await relay.until(lambda: told(relay, command_id))
    async with desk("drain_s = 0.2\n" + SLOW):
        report = await relay.report(command_id)
    assert (report["status"], report["error"]["code"]) == ("interrupted", "interrupted")


async def test_what_runs_for_long_keeps_no_note_waiting(relay: Any, desk: Any) -> None:
    async with desk(SLOW):
        slow = [await relay.send(**run("slow")) for _ in range(6)]
        await relay.until(lambda: len({i for i, _ in relay.progress}) >= 4)
        assert (await relay.report(await relay.send(arguments={"title": "T"})))["status"] == "done"
        for command_id in reversed(slow):
            await relay.publish("cancel", {"id": command_id})
        reports = [await relay.report(command_id) for command_id in slow]
    assert {report["status"] for report in reports} == {"cancelled"}


async def test_the_file_is_followed_without_a_restart(relay: Any, desk: Any, paired: Any) -> None:
    async with desk(SAY):
        await declared(relay, "say")
        new = paired.config_file.with_suffix(".new")
        new.write_text(paired.config_file.read_text() + SLOW)
        new.replace(paired.config_file)  # as editors do
        await declared(relay, "say", "slow")
        paired.config_file.write_text(paired.config_file.read_text().replace(SAY, ""))
        await declared(relay, "slow")
        report = await relay.report(await relay.send(**run("say", what="x")))
    assert report["error"]["code"] == "action_not_found"


async def test_a_broken_file_keeps_the_last_good_one_and_names_its_line(relay: Any, desk: Any, paired: Any) -> None:
    async with desk(SAY + 'consent = "allow"\n') as daemon:
        good = paired.config_file.read_text()
        line = good.splitlines().index("[action.say]") + 2
        for broken, word in (
            (good.replace('description = "Does it."', "description = 5"), f"line {line}"),
            (good.replace("argv = ", "argv = = "), f"line {line + 1}"),
        ):
            paired.config_file.write_text(broken)
            await daemon._watch.look()
            problem = (await daemon.status())["settings_problem"]
            assert problem["code"] == "invalid_settings"
            assert word in problem["detail"]
            assert (await relay.report(await relay.send(**run("say", what="x"))))["status"] == "done"
        paired.config_file.write_text(good)
        await daemon._watch.look()
        assert (await daemon.status())["settings_problem"] is None


async def test_the_rules_of_the_file_hold_at_once_too(relay: Any, desk: Any, paired: Any) -> None:
    async with desk(SAY) as daemon:
        await waiting(relay, await relay.send(**run("say", what="x")))
        paired.config_file.write_text(paired.config_file.read_text() + '[consent]\nact = "refuse"\n')
        await daemon._watch.look()
        assert (await relay.report(await relay.send(**run("say", what="y"))))["status"] == "refused"


async def test_an_action_whose_program_is_not_there_is_left_out_and_the_reason_is_in_the_status(
    relay: Any, desk: Any
) -> None:
    gone = '\n[action.gone]\ndescription = "Does it."\nargv = ["no-such-program-here"]\n'
    async with desk(SAY + gone) as daemon:
        await declared(relay, "say")
        status = await daemon.status()
        assert status["local_actions"] == ["say"]
        assert "no-such-program-here" in status["local_problems"]["gone"]["detail"]
        report = await relay.report(await relay.send(**run("gone")))
    assert report["error"]["code"] == "action_not_started"


async def test_a_hundred_requests_are_held_back_and_the_daemon_stays_usable(relay: Any, desk: Any) -> None:
    async with desk("waiting_commands = 20\n" + SAY) as daemon:
        ids = [await relay.send(**run("say", what=str(n))) for n in range(100)]
        await relay.until(lambda: len(relay.reports) == 80)
        assert len(daemon.requests()["requests"]) == 20
        assert (await relay.report(await relay.send(arguments={"title": "T"})))["status"] == "done"
        await daemon.pause(True)
        for command_id in ids:
            assert (await relay.report(command_id))["status"] in ("failed", "refused")
        with pytest.raises(Problem):
            await daemon.approve(ids[0], "once")


async def test_a_hostile_environment_of_the_daemon_does_not_reach_the_child(
    relay: Any, desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "LD_LIBRARY_PATH",
        "PYTHONPATH",
        "GITHUB_TOKEN",
        "BASH_ENV",
        "DESKBELL_CANARY",
        "SSH_AUTH_SOCK",
        "EDITOR",
    ):
        monkeypatch.setenv(name, "/tmp/canary")
    look = action("look", "import os; print(dict(os.environ), os.getpid())", consent="allow", environment=["EDITOR"])
    async with desk(look):
        report = await relay.report(await relay.send(**run("look")))
    output = report["output"]["output"]
    assert output.count("/tmp/canary") == 1
    assert "'EDITOR': '/tmp/canary'" in output
    if bubblewrap() is not None:
        assert int(output.split()[-1]) < 10, "it runs in a namespace of its own"
