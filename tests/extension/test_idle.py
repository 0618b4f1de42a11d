"""A browser that nobody touches: its worker has been put to sleep by Chromium, and a command arrives all the same.

No debugger is attached meanwhile, for that would keep the worker awake.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from browser import Browser, flags
from playwright.async_api import async_playwright
from web_site import Web

from deskbell_daemon.cli.assistant import Assistant
from deskbell_daemon.cli.story import Household, until

LONG = pytest.mark.skipif(not os.environ.get("DESKBELL_LONG_TESTS"), reason="a quarter of an hour: DESKBELL_LONG_TESTS")
WAKES_S = 45
"""The alarm comes each half minute, and a line that broke is tried again after a pause."""


def with_extension(build: Path) -> list[str]:
    return [*flags(), f"--disable-extensions-except={build}", f"--load-extension={build}"]


def chromium_path() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found is not None
    return found


@contextlib.asynccontextmanager
async def untouched(build: Path, profile: Path) -> AsyncIterator[None]:
    """Chromium as a person has it: no debugger, no page of the extension open."""
    words = [*with_extension(build), f"--user-data-dir={profile}", "about:blank"]
    nothing = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        chromium_path(), *words, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True
    )
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        await process.wait()


async def online(assistant: Assistant) -> bool:
    devices = (await assistant.call("listDevices", {}))["devices"]
    return any(device["online"] for device in devices if device["kind"] == "extension")


@pytest.mark.slow
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("idle_s", [45, pytest.param(900, marks=LONG)])
async def test_a_command_reaches_a_browser_that_was_left_alone(
    idle_s: int,
    household: Household,
    assistant: Assistant,
    web: Web,
    chromium_build: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    profile = tmp_path / "chromium"
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            profile,
            executable_path=chromium_path(),
            headless=False,
            args=with_extension(chromium_build),
            ignore_default_args=["--disable-extensions", "--password-store=basic", "--use-mock-keychain"],
        )
        browser = Browser(context)
        await browser.pair(household)
        assert (await browser.ask("setRule", {"subject": "tab.open", "rule": "run"}))["ok"]
        await context.close()
    async with untouched(chromium_build, profile):
        await until(lambda: online(assistant), "the browser's line", 90)
        end = time.monotonic() + idle_s
        seen = []
        while time.monotonic() < end:
            seen.append(await online(assistant))
            await asyncio.sleep(2)  # the idle time itself
        address = web.put("/late", "<title>Late</title>")
        before = time.monotonic()
        answer = await assistant.call("openTab", {"url": address}, wait_s=0)
        answer = await assistant.finish(answer, patience_s=WAKES_S * 2)
        took_s = time.monotonic() - before
    assert answer["status"] == "done", answer
    assert web.asked[:1] == ["/late"]
    away = seen.count(False) / len(seen)
    with capsys.disabled():
        print(f"\nidle {idle_s} s: the command was done after {took_s:.1f} s; the line was away in {away:.0%} of looks")
