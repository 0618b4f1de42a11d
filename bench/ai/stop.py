"""Stop, as a person presses it: in Chromium, from the click on the chat page to the provider that has stopped.

Before a paced provider in this process, which notes when its connection is closed; and before the real local model, whose
engine is watched until it uses no more processor time, while it writes and while it reads a long prompt. The click's own time
stamp is the browser's; its clock is compared with ours before each click. The loop that drives the browser also notes the
close, so the figures err to the slow side.
"""

import asyncio
import contextlib
import random
import shutil
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from aiohttp import web

from bench.ai.providers import local_missing
from bench.ai.scale import AiScale
from bench.process import child, free_port, listening, stop
from bench.report import OURS, Report, percentile
from bench.scratch import scratch
from bench.subject import relay_environment

NAME = "stop"
MOST_MS = 50.0
PAUSE_S = 0.02
IDLE_NS = 2_000_000
"""Processor time in which an engine that has stopped still answers and cleans up."""
LONG_PROMPT = "The keeper walks along the shore and rings a bell of bronze by night. " * 60
READ_NS = 300_000_000
"""Processor time after which an engine is in the middle of reading that."""
WATCH_S = 2.0
SAMPLE_S = 0.002


class Endless:
    """A provider that talks until it is hung up on; `closed_at` is when that was, Unix time."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()
        self.closed_at = 0.0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Its address, up to `/v1`."""
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._complete)
        runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        await runner.cleanup()

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            while True:
                await response.write(b'data: {"choices":[{"index":0,"delta":{"content":"word "}}]}\n\n')
                await asyncio.sleep(PAUSE_S)
        finally:
            self.closed_at = time.time()
            self.closed.set()


class Engine:
    """The local model's process, and the processor time that all its threads have had."""

    def __init__(self, relay: int) -> None:
        self.process = next(each for each in psutil.Process(relay).children() if "local" in " ".join(each.cmdline()))
        self.samples: list[tuple[float, int]] = []

    def spent(self) -> int:
        """Nanoseconds of processor time so far."""
        spent = 0
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            with contextlib.suppress(OSError):  # a thread may end meanwhile
                spent += int((task / "schedstat").read_text().split()[0])
        return spent

    def watch(self) -> None:
        """Sample for a while, in a thread."""
        until = time.time() + WATCH_S
        self.samples = []
        while time.time() < until:
            self.samples.append((time.time(), self.spent()))
            time.sleep(SAMPLE_S)

    @property
    def idle_at(self) -> float:
        """From when on it used next to nothing. Raises RuntimeError when it never stopped."""
        last = self.samples[-1][1]
        at = next(moment for moment, spent in self.samples if last - spent <= IDLE_NS)
        if at > self.samples[-1][0] - 0.1:
            raise RuntimeError("the engine goes on after Stop")
        return at

    def spent_since(self, moment: float) -> float:
        """Milliseconds of processor time from then on; other work on the machine does not change it."""
        before = next(spent for at, spent in reversed(self.samples) if at <= moment)
        return (self.samples[-1][1] - before) / 1e6


@contextlib.asynccontextmanager
async def relay(provider: str) -> AsyncIterator[tuple[str, str, int]]:
    """A relay before both providers: its address, a device's token, its process."""
    from bench.seed import seats_now  # late: the peers can be measured where the relay is not installed

    folder, port = scratch("ai-stop"), free_port()
    environment = relay_environment(folder, port) | {
        "DESKBELL_AI_COMPATIBLE_URL": provider,
        "DESKBELL_AI_COMPATIBLE_MODEL": "endless",
        "DESKBELL_AI_RATE": "1000000000/minute",
        "DESKBELL_AI_TOKENS_PER_DAY": "1000000000",
    }
    (seat,) = await asyncio.to_thread(seats_now, environment, 1)
    process = await child("-m", "deskbell_relay", environment=environment, log=folder / "relay.log")
    try:
        await listening(port, process, timeout=60)
        yield f"http://127.0.0.1:{port}", seat.device_token, process.pid
    finally:
        await stop(process, patience=15)
        shutil.rmtree(folder)


async def sign_in(page: Any, url: str, token: str) -> None:
    """The way a person goes, with the laptop's part by its token."""
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(url, headers=headers) as laptop:
        await page.goto(f"{url}/chat")
        await page.click("text=Sign in with my laptop")
        async with laptop.post("/v1/connect-codes") as answer:
            await page.fill("#code", (await answer.json())["code"])
        await page.click("text=Continue")
        await page.wait_for_selector("text=Now say yes")
        async with laptop.get("/v1/approvals") as answer:
            (asked,) = (await answer.json())["approvals"]
        async with laptop.post(f"/v1/approvals/{asked['id']}/approve") as answer:
            answer.raise_for_status()
    await page.wait_for_selector("button[name=send]:enabled")
    await page.evaluate(
        "() => addEventListener('click', (event) => { window.pressed = performance.timeOrigin + event.timeStamp }, true)"
    )


async def clock_ahead(page: Any) -> float:
    """Seconds that the browser's clock is ahead of ours, by the quickest of some questions."""
    best, ahead = 1e9, 0.0
    for _ in range(5):
        before = time.time()
        theirs = await page.evaluate("performance.timeOrigin + performance.now()") / 1000
        after = time.time()
        if after - before < best:
            best, ahead = after - before, theirs - (before + after) / 2
    return ahead


async def press(page: Any) -> float:
    """Press Stop; when the browser took the click, by our clock."""
    ahead = await clock_ahead(page)
    await page.click("button[name=stop]", no_wait_after=True)
    return float(await page.evaluate("window.pressed")) / 1000 - ahead


async def ask(page: Any) -> None:
    """A new question, whose answer is under way."""
    await page.click("#fresh")
    await page.fill("#prompt", "Tell me a very long story about a lighthouse and its keeper.")
    await page.press("#prompt", "Enter")
    await page.wait_for_function("() => document.querySelector('.answer')?.textContent.length > 20")
    await asyncio.sleep(random.uniform(0, 0.1))


async def stopped(page: Any) -> None:
    """The page says so."""
    await page.wait_for_selector("[data-state=end]")


async def run(scale: AiScale, report: Report) -> None:
    """One browser and one relay for all clicks; the two providers one after the other."""
    from playwright.async_api import async_playwright  # late: a test's dependency

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        report.note(NAME, "not measured: there is no Chromium (Debian: apt install chromium)")
        return
    clicks = max(10, scale.asked // 2)
    provider = Endless()
    async with (
        provider.running() as address,
        relay(address) as (url, token, pid),
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=chromium, chromium_sandbox=False)
        page = await browser.new_page()
        await sign_in(page, url, token)
        for _ in range(scale.repetitions):
            await page.select_option("[name=provider]", "compatible")
            closed = [await _paced(page, provider) for _ in range(clicks)]
            _add(report, "click to upstream closed, paced provider", closed)
            if local_missing() is None:
                await page.select_option("[name=provider]", "local")
                local = [await _local(page, pid) for _ in range(clicks // 2)]
                _add(report, "click to idle engine, local model", [idle for idle, _ in local])
                _add(report, "the local engine's processor time after the click", [spent for _, spent in local])
                reading = [await _reading(page, pid) for _ in range(max(3, clicks // 4))]
                _add(report, "the local engine's processor time after the click, while it reads a long prompt", reading)
        await browser.close()
    if (missing := local_missing()) is not None:
        report.note(NAME, f"local model: not measured: {missing}")
    ours = report.median(NAME, "click to upstream closed, paced provider, p99", OURS)
    report.promise(NAME, f"click to upstream closed, p99 in ms, at most {MOST_MS:g}", ours, MOST_MS, at_most=True)


async def _paced(page: Any, provider: Endless) -> float:
    provider.closed.clear()
    await ask(page)
    pressed = await press(page)
    async with asyncio.timeout(10):
        await provider.closed.wait()
    await stopped(page)
    return (provider.closed_at - pressed) * 1000


async def _local(page: Any, relay_pid: int) -> tuple[float, float]:
    await ask(page)
    return await _pressed(page, Engine(relay_pid))


async def _pressed(page: Any, engine: Engine) -> tuple[float, float]:
    """Milliseconds from the click to the idle engine, and of its processor time after the click."""
    watching = threading.Thread(target=engine.watch)
    watching.start()
    pressed = await press(page)
    await asyncio.to_thread(watching.join)
    await stopped(page)
    return (engine.idle_at - pressed) * 1000, engine.spent_since(pressed)


async def _reading(page: Any, relay_pid: int) -> float:
    engine = Engine(relay_pid)
    before = engine.spent()
    await page.click("#fresh")
    await page.fill("#prompt", LONG_PROMPT)
    await page.press("#prompt", "Enter")
    async with asyncio.timeout(30):
        while engine.spent() < before + READ_NS:
            await asyncio.sleep(SAMPLE_S)
    _, spent = await _pressed(page, engine)
    return spent


def _add(report: Report, name: str, values: list[float]) -> None:
    for rank, fraction in (("p50", 0.5), ("p99", 0.99)):
        report.add(NAME, f"{name}, {rank}", "ms", OURS, percentile(values, fraction))
