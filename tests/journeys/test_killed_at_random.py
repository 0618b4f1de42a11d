"""kill -9 of relay and daemon at random moments: no acknowledged command is lost, and none is run twice."""

import asyncio
import os
import random
from pathlib import Path
from typing import Any

import pytest
from households import connected

from deskbell_daemon.cli.assistant import Assistant
from deskbell_daemon.cli.story import Household
from deskbell_wire.errors import Problem

ROUNDS = 50
BURST = 6


async def send(assistant: Assistant, title: str) -> dict[str, Any] | None:
    """The answer that acknowledges the command; None when the relay died before it could give one."""
    try:
        return await assistant.call(
            "createNote", {"title": title, "body": title}, wait_s=0, key=title.replace(" ", "-")
        )
    except Problem:
        return None


async def one_round(
    household: Household, assistant: Assistant, chance: random.Random, number: int
) -> dict[str, dict[str, Any]]:
    """A burst, a kill in its middle, a restart; the acknowledged answers by title."""
    titles = [f"Round {number:02} note {n}" for n in range(BURST)]
    sending = [asyncio.create_task(send(assistant, title)) for title in titles]
    await asyncio.sleep(chance.uniform(0, 0.06))
    victims = chance.choice([[household.relay], [household.daemon], [household.relay, household.daemon]])
    for victim in victims:
        await victim.kill()
    answers = await asyncio.gather(*sending)
    if household.relay in victims:
        await household.relay.start()
    if household.daemon in victims:
        await household.daemon.start()
    return {title: answer for title, answer in zip(titles, answers, strict=True) if answer is not None}


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_nothing_acknowledged_is_lost_and_nothing_is_done_twice(tmp_path: Path) -> None:
    seed = int(os.environ.get("DESKBELL_TEST_SEED", random.randrange(2**32)))
    print(f"repeat with DESKBELL_TEST_SEED={seed}")
    chance = random.Random(seed)
    acknowledged: dict[str, dict[str, Any]] = {}
    settings = {"DESKBELL_REQUESTS_RATE": "1000000/minute"}
    async with connected(tmp_path, **settings) as (household, assistant):
        for number in range(ROUNDS):
            acknowledged |= await one_round(household, assistant, chance, number)
        for title, answer in acknowledged.items():
            result = await assistant.finish(answer, patience_s=60)
            assert result["status"] == "done", (title, result)
        files = household.files()
        # An unacknowledged command may have become durable before the relay died: it then runs, once.
        assert len(files) == len(set(files))
        assert {f"{title}.md" for title in acknowledged} <= set(files)
        assert not [name for name in files if not name.startswith("Round")], "a second copy got another name"
        assert len(acknowledged) > ROUNDS, "the kills came too early to prove anything"
