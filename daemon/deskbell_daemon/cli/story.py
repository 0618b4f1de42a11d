"""What the demo does, step by step, apart from how it is shown; the journeys of the tests live through the same."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from deskbell_daemon.cli.archive import log_of
from deskbell_daemon.cli.assistant import EVERY_SCOPE, Assistant, Client
from deskbell_daemon.cli.browser import Browser
from deskbell_daemon.cli.processes import Child, command, daemon_child, relay_child
from deskbell_daemon.local.client import LocalClient
from deskbell_daemon.places import Places, find_places
from deskbell_daemon.settings import write_setting
from deskbell_wire.errors import Problem

GPT_REDIRECT = "https://chatgpt.com/aip/g-demo/oauth/callback"
WAIT_S = 30
LOOK_S = 0.02


class Household:
    """A relay and one laptop with its daemon, below one folder."""

    def __init__(self, folder: Path, *, extension_port: int = 0, **relay_settings: str) -> None:
        """`extension_port`: the first of the extension's door; 0, for the real extension shall not find a demo."""
        self.folder = folder
        self.home = folder / "laptop"
        self.home.mkdir(parents=True)
        self.places: Places = find_places(environment={"DESKBELL_HOME": str(self.home)})
        self.notes = self.places.default_notes
        self.relay: Child = relay_child(folder, **relay_settings)
        self.daemon: Child = daemon_child(self.home)
        self.url = ""
        self._extension_port = extension_port

    async def start(self) -> dict[str, Any]:
        """Start the relay, pair the laptop with its first invite, start the daemon; how the laptop was paired."""
        facts = await self.relay.start()
        self.url = facts["url"]
        write_setting(self.places, "extension.port", self._extension_port)
        paired: dict[str, Any] = await command(
            self.home,
            "pair",
            self.url,
            "--invite",
            facts["first_invite"],
            "--name",
            "demo laptop",
            "--insecure-storage",
        )
        await self.start_daemon()
        return paired

    async def stop(self) -> None:
        """Stop whatever runs."""
        await self.daemon.stop()
        await self.relay.stop()

    async def start_daemon(self) -> None:
        """Start the daemon and wait until its line to the relay stands."""
        await self.daemon.start()
        async with self.local() as daemon:
            await until(lambda: self._connected(daemon), "the daemon's line to the relay")

    async def _connected(self, daemon: LocalClient) -> bool:
        status = await daemon.get("/v1/status")
        return bool(status["connection"]["connected"])

    @asynccontextmanager
    async def local(self) -> AsyncIterator[LocalClient]:
        """The daemon's loopback API."""
        async with LocalClient(self.places) as daemon:
            yield daemon

    async def gpt_client(self, name: str = "ChatGPT (demo)") -> Client:
        """A static confidential client, made as the operator of a relay makes it for a custom GPT."""
        made = await command(
            self.home, "relay", "client", "add", name, "--redirect-uri", GPT_REDIRECT, relay=self.folder / "relay"
        )
        return Client(made["client_id"], GPT_REDIRECT, made["client_secret"])

    async def connect(
        self,
        assistant: Assistant,
        approved: Callable[[dict[str, Any]], None] = lambda asked: None,
        scopes: str = EVERY_SCOPE,
    ) -> None:
        """Bring the assistant through the authorization code flow; the laptop shows what is asked, and approves."""
        await assistant.authorize(self._code, lambda: self._approve(approved), scopes=scopes)

    async def allow(self, address: str) -> str:
        """Be the person at whom any client aims its authorization request; the address that leads back to the client."""
        async with Browser() as browser:
            return await browser.allow(address, self._code, self._approve, WAIT_S)

    async def _code(self) -> str:
        async with self.local() as daemon:
            return str((await daemon.post("/v1/relay/connect-code"))["code"])

    async def _approve(self, approved: Callable[[dict[str, Any]], None] = lambda asked: None) -> None:
        async with self.local() as daemon:
            asked: list[dict[str, Any]] = []

            async def somebody_asks() -> bool:
                asked[:] = (await daemon.get("/v1/relay/approvals"))["approvals"]
                return bool(asked)

            await until(somebody_asks, "the assistant's request on the laptop")
            approved(asked[0])
            await daemon.post(f"/v1/relay/approvals/{asked[0]['id']}/approve")

    async def stop_daemon(self, assistant: Assistant) -> None:
        """Stop the daemon, and wait until the relay has seen its stream end: until then it may still send into it."""
        await self.daemon.stop()

        async def is_offline() -> bool:
            devices = (await assistant.call("listDevices", {}))["devices"]
            return not any(device["online"] for device in devices)

        await until(is_offline, "the relay to see that the laptop is gone")

    async def providers(self) -> list[str]:
        """The names of the AI providers that the relay has."""
        async with self.local() as daemon:
            return [provider["name"] for provider in (await daemon.get("/v1/relay/ai-providers"))["providers"]]

    def ledger(self) -> dict[str, int]:
        """How many commands the daemon's ledger has in each status; it is read from outside, also of a dead daemon."""
        return dict(Counter(str(command["status"]) for command in log_of(self.places.ledger_file)))

    def files(self) -> list[str]:
        """The notes on disk, by path inside the notes folder."""
        if not self.notes.exists():
            return []
        return sorted(
            str(path.relative_to(self.notes))
            for path in self.notes.rglob("*.md")
            if not path.relative_to(self.notes).parts[0].startswith(".")
        )


async def until(condition: Callable[[], Awaitable[bool]], what: str, patience_s: float = WAIT_S) -> None:
    """Wait for `condition`. Raises Problem that names `what` did not come."""
    end = time.monotonic() + patience_s
    while not await condition():
        if time.monotonic() > end:
            raise Problem("internal", f"Waited {patience_s:g} s in vain for {what}.")
        await asyncio.sleep(LOOK_S)


async def burst_and_kill(household: Household, assistant: Assistant, count: int) -> tuple[list[dict[str, Any]], int]:
    """Send `count` notes at once, kill the daemon while it writes them: the answers, and how many files there were."""
    before = len(household.files())
    titles = [f"Burst {number:02}" for number in range(1, count + 1)]
    requests = [
        asyncio.create_task(assistant.call("createNote", {"title": title, "body": f"Note {title}."}, wait_s=0))
        for title in titles
    ]

    async def some_are_written() -> bool:
        return len(household.files()) > before

    try:
        await until(some_are_written, "the first note of the burst")
        await household.daemon.kill()
        answers = await asyncio.gather(*requests)
    finally:
        for request in requests:
            request.cancel()
    return list(answers), len(household.files()) - before
