"""A laptop that answers every command on its stream: the device's side of the wire, without the daemon."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from relay_rooms import DEV_1, Rooms

Answer = Callable[[dict[str, Any]], dict[str, Any] | None]


def done(command: dict[str, Any]) -> dict[str, Any]:
    """A plausible report of a created note."""
    title = command["arguments"].get("title", "note")
    return {"status": "done", "output": {"path": f"{title}.md", "title": title, "version": "0" * 16, "characters": 3}}


class Laptop:
    """Commands seen, in order; each is answered with what `answer` gives, or not at all."""

    def __init__(self, rooms: Rooms, account: str, device: str, answer: Answer) -> None:
        self.rooms, self.account, self.device, self.answer = rooms, account, device, answer
        self.commands: list[dict[str, Any]] = []
        self.cancelled: list[str] = []
        self.changed = asyncio.Event()

    async def listen(self) -> None:
        async with self.rooms.stream(self.account, self.device) as listener:
            while True:
                event = await listener.next(60)
                if event.event == "command":
                    command = json.loads(event.data)
                    if command["device_id"] == self.device:
                        self.commands.append(command)
                        report = self.answer(command)
                        if report is not None:
                            await self.report(command["id"], report)
                elif event.event == "cancel":
                    self.cancelled.append(json.loads(event.data)["id"])
                self.changed.set()

    async def report(self, command_id: str, report: dict[str, Any], what: str = "result") -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer device:{self.account}:{self.device}"}
        async with self.rooms.session.post(
            f"/v1/commands/{command_id}/{what}", json=report, headers=headers
        ) as response:
            return response.status, await response.json() if response.status != 204 else None

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


@contextlib.asynccontextmanager
async def laptop(
    rooms: Rooms, answer: Answer = done, account: str = "acc_1", device: str = DEV_1
) -> AsyncIterator[Laptop]:
    """A laptop online while the block runs."""
    machine = Laptop(rooms, account, device, answer)
    task = asyncio.create_task(machine.listen())
    while not any(stream.device_id == device and not stream.replaying for stream in rooms.hub._streams[account]):
        await asyncio.sleep(0.005)
    yield machine
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
