"""The person's own actions, the whole way: set up on the laptop, asked for by an assistant, allowed, run, told."""

import asyncio
import json
import sys
from pathlib import Path

from households import connected

from deskbell_daemon.cli.processes import command
from deskbell_daemon.cli.story import Household, until

COUNT = "import sys, time\nfor n in range(int(sys.argv[1])):\n print('step', n, flush=True); time.sleep(0.2)\nprint(sys.argv[2])"


async def add(household: Household, name: str, *more: str) -> None:
    """Put an action into the settings, as the person would: beside the running daemon."""
    words = [word for slot in (sys.executable, "-c", COUNT, "{n}", "{label}") for word in ("--argv", slot)]
    parameters = ["--parameter", "n:number:How many steps.", "--parameter", "label:text:What to say at the end."]
    await command(household.home, "action", "add", name, *words, *parameters, "--description", "Counts.", *more)


async def waits(household: Household) -> list[dict[str, object]]:
    async with household.local() as daemon:
        found: list[dict[str, object]] = (await daemon.get("/v1/requests"))["requests"]
        return found


async def test_an_action_is_set_up_asked_for_allowed_and_run(tmp_path: Path) -> None:
    async with connected(tmp_path) as (household, assistant):
        assert (await assistant.call("listLocalActions", {})) == {"actions": []}
        await add(household, "count")

        async def is_listed() -> bool:
            return bool((await assistant.call("listLocalActions", {}))["actions"])

        await until(is_listed, "the new action, without a restart")
        [listed] = (await assistant.call("listLocalActions", {}))["actions"]
        assert (listed["name"], listed["online"], [p["name"] for p in listed["parameters"]]) == (
            "count",
            True,
            ["n", "label"],
        )
        assert sys.executable not in json.dumps(listed)

        # It waits for the person, who sees what would be executed; the answer given at the terminal lets it run.
        parameters = {"n": 3, "label": "done; rm -rf ~"}
        asked = asyncio.create_task(assistant.call("runLocalAction", {"name": "count", "parameters": parameters}))

        async def is_asked() -> bool:
            return bool(await waits(household))

        await until(is_asked, "the question on the laptop")
        [request] = await waits(household)
        assert request["words"] == [sys.executable, "-c", COUNT, "3", "done; rm -rf ~"]
        await command(household.home, "approve", str(request["id"]))
        result = await assistant.finish(await asked)
        assert (result["status"], result["output"]["exit_code"]) == ("done", 0), result
        assert result["output"]["output"] == "step 0\nstep 1\nstep 2\ndone; rm -rf ~\n"

        # A no is a no.
        asked = asyncio.create_task(assistant.call("runLocalAction", {"name": "count", "parameters": parameters}))
        await until(is_asked, "the second question")
        await command(household.home, "refuse", str((await waits(household))[0]["id"]))
        assert (await assistant.finish(await asked))["status"] == "refused"


async def test_what_is_under_way_is_told_and_can_be_cancelled(tmp_path: Path) -> None:
    async with connected(tmp_path) as (household, assistant):
        await add(household, "count", "--consent", "allow")

        async def is_listed() -> bool:
            return bool((await assistant.call("listLocalActions", {}))["actions"])

        await until(is_listed, "the new action, without a restart")
        begun = await assistant.call(
            "runLocalAction", {"name": "count", "parameters": {"n": 1000, "label": "x"}}, wait_s=0
        )

        async with household.local() as daemon:

            async def is_told() -> bool:
                now = await daemon.get(f"/v1/relay/commands/{begun['id']}")
                return str(now.get("progress") or "").startswith("step ")

            await until(is_told, "a line of what it prints")
            await daemon.post(f"/v1/relay/commands/{begun['id']}/cancel")
        assert (await assistant.finish(begun, patience_s=20))["status"] == "cancelled"

        async def is_idle() -> bool:
            async with household.local() as daemon:
                return (await daemon.get("/v1/status"))["busy"] == 0

        await until(is_idle, "the program's end")
