"""A real Firefox with the real extension in it, driven by WebDriver BiDi (https://w3c.github.io/webdriver-bidi/)."""

import asyncio
import contextlib
import itertools
import json
import os
import re
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

ID = "deskbell@deskbell.dev"
UUID = "0d6bd2a5-3d1f-4c67-9d4e-6f0f1f5d7a11"
"""What Firefox calls the extension in addresses; it takes a random one unless the profile says which."""

PREFERENCES: dict[str, Any] = {
    "extensions.webextensions.uuids": json.dumps({ID: UUID}),
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage": "about:blank",
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.disabledForTesting": True,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",  # asks nobody outside for lists
    "toolkit.telemetry.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.update.enabled": False,
    "extensions.webextOptionalPermissionPrompts": False,  # gives what is asked for: nobody is there to press its button
}


class RefusedError(Exception):
    """The browser did not do what it was asked."""


class Firefox:
    """One window. Contexts are tabs."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reader = asyncio.create_task(self._read())

    async def close(self) -> None:
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """A command and its result. Raises RefusedError."""
        number = next(self._ids)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(60):
            message = await answer
        if message["type"] == "error":
            raise RefusedError(f"{method}: {message['error']}: {message['message']}")
        result: dict[str, Any] = message["result"]
        return result

    async def open(self, address: str) -> str:
        """A new tab with that page; its context."""
        context: str = (await self.ask("browsingContext.create", type="tab"))["context"]
        await self.ask("browsingContext.navigate", context=context, url=address, wait="complete")
        return context

    def page(self, name: str) -> str:
        """The address of one of the extension's own pages, such as `popup.html`."""
        return f"moz-extension://{UUID}/{name}"

    async def run(self, context: str, expression: str) -> Any:
        """The value of a JavaScript expression in the page (awaited, by way of JSON). Raises RefusedError with what it threw."""
        answer = await self.ask(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})) ?? 'null')()",
            target={"context": context},
            awaitPromise=True,
            userActivation=True,
        )
        if answer["type"] == "exception":
            raise RefusedError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    async def click(self, context: str, x: float, y: float) -> None:
        """With the mouse, at a point of what is seen of the page, in CSS pixels."""
        steps = [
            {"type": "pointerMove", "x": round(x), "y": round(y)},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        mouse = {"type": "pointer", "id": "mouse", "actions": steps}
        await self.ask("input.performActions", context=context, actions=[mouse])

    async def until(self, context: str, expression: str, seconds: float = 20) -> Any:
        """Wait until the expression is true; its value."""
        async with asyncio.timeout(seconds):
            while not (value := await self.run(context, expression)):
                await asyncio.sleep(0.1)
        return value

    async def _read(self) -> None:
        async for message in self._socket:
            document = json.loads(message.data)
            waiting = self._waiting.pop(document.get("id"), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(document)


@contextlib.asynccontextmanager
async def firefox(folder: Path, extension: Path | None = None) -> AsyncIterator[Firefox]:
    """Starts it headless with a profile in `folder`, and with the built extension if there is one; ends it."""
    found = shutil.which("firefox-esr") or shutil.which("firefox")
    assert found is not None, "these tests need Firefox (Debian: apt install firefox-esr)"
    profile = folder / "profile"
    profile.mkdir(parents=True)
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
    (profile / "user.js").write_text("\n".join(lines))
    words = ["--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"]
    words.append("--remote-allow-system-access")  # else no page of an extension may be opened from outside
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "MOZ_CRASHREPORTER_DISABLE": "1"}
    process = await asyncio.create_subprocess_exec(
        found,
        *words,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stderr is not None
    drain: asyncio.Task[bytes] | None = None
    try:
        async with aiohttp.ClientSession() as http:
            async with asyncio.timeout(60):
                address = await _listening(process.stderr)
                drain = asyncio.create_task(process.stderr.read())
                browser = Firefox(await http.ws_connect(f"{address}/session", max_msg_size=0))
                await browser.ask("session.new", capabilities={})
                if extension is not None:
                    data = {"type": "path", "path": str(extension)}
                    await browser.ask("webExtension.install", extensionData=data)
            yield browser
            await browser.close()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        if drain is not None:
            await drain


async def _listening(stderr: asyncio.StreamReader) -> str:
    """The address that it says it listens on."""
    while line := (await stderr.readline()).decode(errors="replace"):
        if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", line):
            return found[1]
    raise AssertionError("Firefox ended before it could be driven")
