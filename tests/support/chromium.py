"""A real browser for tests of pages: Debian's Chromium, driven over CDP."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from playwright.async_api import Browser, Error, async_playwright

ARTEFACTS = Path(os.environ.get("DESKBELL_TEST_ARTEFACTS") or Path(__file__).parents[2] / ".artefacts")
"""Where pictures of the pages are kept, for people to look at."""


@contextlib.contextmanager
def running(profile: Path, *more: str) -> Iterator[str]:
    """A headless Chromium with that (empty) profile folder; its address for CDP."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    assert found is not None, "these tests need Chromium (Debian: apt install chromium)"
    words = [
        *(found, "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}", "--no-first-run"),
        *("--disable-gpu", "--disable-background-networking", "--disable-component-update", "--mute-audio"),
        *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        *more,
        "about:blank",  # else it opens its own page of news, which takes long and is attached to as well
    ]
    with (profile / "chromium.log").open("wb") as log:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    try:
        port = profile / "DevToolsActivePort"
        until = time.monotonic() + 30
        while not (port.exists() and "\n" in port.read_text()):
            assert process.poll() is None and time.monotonic() < until, (profile / "chromium.log").read_text()[-2_000:]
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port.read_text().splitlines()[0]}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.asynccontextmanager
async def connected(address: str) -> AsyncIterator[Browser]:
    """Playwright's hold on it. One that has just started, on a busy machine, may leave the first who comes without an answer."""
    async with async_playwright() as playwright:
        for tries_left in (2, 1, 0):
            try:
                browser = await playwright.chromium.connect_over_cdp(address, timeout=30_000)
                break
            except Error:
                if not tries_left:
                    raise
        yield browser
        await browser.close()
