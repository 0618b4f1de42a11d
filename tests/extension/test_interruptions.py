"""What was asked while something was broken: it arrives when it is mended, once, in order, and nobody has to help."""

import asyncio
from typing import Any

import pytest
import pytest_asyncio
from browser import Browser
from cut_line import CutLine
from web_site import Web

from deskbell_daemon.cli.assistant import Assistant
from deskbell_daemon.cli.story import Household, until

COUNT = 6
PATIENCE_S = 120


@pytest_asyncio.fixture(loop_scope="session")
async def trusting(paired: Browser) -> Browser:
    """A browser whose person lets assistants open pages without a question."""
    await trust(paired)
    return paired


async def trust(browser: Browser) -> None:
    answer = await browser.ask("setRule", {"subject": "tab.open", "rule": "run"})
    assert answer["ok"], answer


async def asked(assistant: Assistant, web: Web, name: str, count: int = COUNT) -> list[dict[str, Any]]:
    """One request after the other to open a page; none is waited for."""
    return [
        await assistant.call("openTab", {"url": web.put(f"/{name}{n}", ""), "background": True}, wait_s=0)
        for n in range(count)
    ]


async def finished(assistant: Assistant, answers: list[dict[str, Any]]) -> list[str]:
    """The status with which each ended."""
    ended = await asyncio.gather(*(assistant.finish(answer, patience_s=PATIENCE_S) for answer in answers))
    return [answer["status"] for answer in ended]


async def opened(browser: Browser, web: Web) -> list[str]:
    """The paths of the site's pages that stand in tabs, in the order in which they were opened."""
    page = await browser.page("notes.html")
    query = "chrome.tabs.query({}).then(tabs => tabs.sort((a, b) => a.id - b.id).map(t => t.url || t.pendingUrl))"
    addresses = await page.evaluate(query)
    await page.close()
    return [address.removeprefix(f"{web.url}/") for address in addresses if address.startswith(web.url)]


@pytest.mark.slow
async def test_what_is_asked_while_the_worker_is_dead_is_done_when_the_alarm_wakes_it(
    trusting: Browser, assistant: Assistant, web: Web
) -> None:
    await trusting.kill_worker()
    answers = await asked(assistant, web, "a")
    assert await finished(assistant, answers) == ["done"] * COUNT  # nobody opens a page of the extension: the alarm
    assert await opened(trusting, web) == [f"a{n}" for n in range(COUNT)]


async def test_a_worker_killed_in_the_middle_does_each_thing_once(
    trusting: Browser, assistant: Assistant, web: Web
) -> None:
    answers = await asked(assistant, web, "b")
    await trusting.kill_worker()
    answers += await asked(assistant, web, "c")
    await trusting.kill_worker()
    await trusting.ask("status")  # wakes it
    ends = await finished(assistant, answers)
    names = [f"b{n}" for n in range(COUNT)] + [f"c{n}" for n in range(COUNT)]
    # What was under way at a kill is not tried again: whether it had an effect is not known, and the answer says so.
    assert set(ends) <= {"done", "interrupted"}
    assert ends.count("interrupted") <= 2
    seen = await opened(trusting, web)
    assert len(seen) == len(set(seen))
    assert seen == [name for name in names if name in seen]
    assert {name for name, end in zip(names, ends, strict=True) if end == "done"} <= set(seen)


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
async def test_a_relay_that_comes_back_hands_over_what_it_kept(
    killed: bool, trusting: Browser, household: Household, assistant: Assistant, web: Web
) -> None:
    await trusting.kill_worker()
    before = await asked(assistant, web, "d")  # kept by the relay: nobody listens
    await (household.relay.kill() if killed else household.relay.stop())
    await trusting.ask("status")  # the worker is awake, and finds nobody
    await household.relay.start()
    assert await finished(assistant, before) == ["done"] * COUNT
    after = await asked(assistant, web, "e")
    assert await finished(assistant, after) == ["done"] * COUNT
    assert await opened(trusting, web) == [f"d{n}" for n in range(COUNT)] + [f"e{n}" for n in range(COUNT)]


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_network_that_is_gone_for_a_minute_loses_nothing(
    browser: Browser, household: Household, assistant: Assistant, web: Web
) -> None:
    port = int(household.url.rpartition(":")[2])
    async with CutLine(port) as line:
        await browser.pair(household, relay=f"http://127.0.0.1:{line.port}")  # laptop and assistant go straight
        await trust(browser)
        await line.cut()
        answers = await asked(assistant, web, "f")
        await connection(browser, "offline")
        await asyncio.sleep(60)  # the cut itself: what is shown is that its length does not matter
        assert web.asked == []
        await line.mend()
        assert await finished(assistant, answers) == ["done"] * COUNT
        assert await opened(browser, web) == [f"f{n}" for n in range(COUNT)]
        await connection(browser, "connected")


async def connection(browser: Browser, word: str) -> None:
    """Wait until the popup says so."""

    async def so() -> bool:
        return bool((await browser.ask("status"))["value"]["connection"] == word)

    await until(so, f"the state {word}", 60)
