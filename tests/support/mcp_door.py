"""The official SDK's client at a relay's MCP door, and a laptop that does what it is told, or nothing."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
from assistants import Assistant, connect
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from paired_relay import Laptop, PairedRelay

from deskbell_wire.actions import DEVICE_ACTIONS
from deskbell_wire.event import Decoder

LEGACY = "legacy"
MODERN = "auto"  # asks with `server/discover`, and gets 2026-07-28
MODES = (LEGACY, MODERN)

Answer = Callable[[dict[str, Any]], dict[str, Any] | None]


async def plugged_in(laptop: Laptop, **changes: str) -> Assistant:
    """An assistant whose token is for the MCP door."""
    return await connect(laptop, resource=f"{laptop.relay.url}/mcp", **changes)


@contextlib.asynccontextmanager
async def sdk_client(assistant: Assistant, mode: str, **options: Any) -> AsyncIterator[Client]:
    """The SDK's client, connected."""
    headers = {"Authorization": f"Bearer {assistant.access_token}"}
    async with httpx2.AsyncClient(headers=headers, timeout=60) as http:
        transport = streamable_http_client(f"{assistant.relay.url}/mcp", http_client=http)
        async with Client(transport, mode=mode, **options) as client:
            yield client


async def posted(
    assistant: Assistant, message: Any, token: str | None = None, **headers: str
) -> tuple[int, Any, dict[str, str]]:
    """One POST at the door, by hand: status, JSON (of a stream, its one message), headers."""
    sent = {
        "Accept": "application/json, text/event-stream",
        "Content-Type": "application/json",
        "Authorization": f"Bearer {assistant.access_token if token is None else token}",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    data = message if isinstance(message, bytes) else json.dumps(message).encode()
    async with assistant.relay.session.post(f"{assistant.relay.url}/mcp", data=data, headers=sent) as answer:
        text = await answer.text()
        if answer.content_type == "text/event-stream":
            text = next(event.data for event in Decoder().feed(text.encode()))
        document = json.loads(text) if text.startswith(("{", "[")) else text
        return answer.status, document, dict(answer.headers)


def request(method: str, params: dict[str, Any] | None = None, number: int = 1) -> dict[str, Any]:
    """A JSON-RPC request of 2025-11-25."""
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}}


def created(command: dict[str, Any]) -> dict[str, Any]:
    """A plausible report of a created note."""
    title = command["arguments"].get("title", "note")
    return {"status": "done", "output": {"path": f"{title}.md", "title": title, "version": "0" * 16, "characters": 3}}


class Desk:
    """A laptop on its stream: commands are answered with what `answer` gives, or not at all."""

    def __init__(self, laptop: Laptop, answer: Answer) -> None:
        self.laptop, self.answer = laptop, answer
        self.commands: list[dict[str, Any]] = []
        self.cancelled: list[str] = []
        self.changed = asyncio.Event()

    async def listen(self, ready: asyncio.Event) -> None:
        decoder = Decoder()
        relay = self.laptop.relay
        async with relay.session.get(f"{relay.url}/v1/stream", headers=self.laptop.headers) as stream:
            while chunk := await stream.content.readany():
                for event in decoder.feed(chunk):
                    if event.event == "hello":
                        ready.set()
                    elif event.event == "command":
                        command = json.loads(event.data)
                        self.commands.append(command)
                        report = self.answer(command)
                        if report is not None:
                            await self.report(command["id"], report)
                    elif event.event == "cancel":
                        self.cancelled.append(json.loads(event.data)["id"])
                self.changed.set()

    async def report(self, command_id: str, report: dict[str, Any], what: str = "result") -> int:
        status, _ = await self.laptop.call("POST", f"/v1/commands/{command_id}/{what}", report)
        return status

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


@contextlib.asynccontextmanager
async def desk(laptop: Laptop, answer: Answer = created) -> AsyncIterator[Desk]:
    """A laptop online, which can do everything, while the block runs."""
    await laptop.call("PATCH", f"/v1/devices/{laptop.device_id}", {"actions": sorted(DEVICE_ACTIONS)})
    machine = Desk(laptop, answer)
    ready = asyncio.Event()
    task = asyncio.create_task(machine.listen(ready))
    async with asyncio.timeout(10):
        await ready.wait()
    try:
        yield machine
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def another_device(laptop: Laptop) -> Laptop:
    """A second device of the laptop's account, as the device grant brings it in."""
    relay = laptop.relay
    asked = await relay.device_code()
    _, approval = await laptop.call("POST", "/v1/approvals/claim", {"user_code": asked["user_code"]})
    await laptop.call("POST", f"/v1/approvals/{approval['id']}/approve")
    status, tokens = await relay.poll(asked["device_code"])
    assert status == 200, tokens
    return relay.laptop(tokens)


async def at_rest(relay: PairedRelay, laptop: Laptop, command_id: str, status: str) -> dict[str, Any]:
    """The command, once it has that status."""
    async with asyncio.timeout(10):
        while True:
            _, command = await laptop.call("GET", f"/v1/commands/{command_id}")
            if command["status"] == status:
                return dict(command)
            await asyncio.sleep(0.02)
