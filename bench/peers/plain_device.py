"""The shortest honest device: a command becomes a synced file, then a result. No ledger, no versions, no index."""

import argparse
import asyncio
import json
import os
from pathlib import Path
from typing import Any

import aiohttp

from bench.process import new_event_loop


def write_note(folder: Path, title: str, body: str) -> None:
    """Write beside, sync, rename, sync the folder: what any editor that loses nothing does."""
    beside = folder / f".{title}.part"
    with beside.open("w") as file:
        file.write(f"# {title}\n\n{body}\n")
        file.flush()
        os.fsync(file.fileno())
    beside.rename(folder / f"{title}.md")
    entry = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(entry)
    finally:
        os.close(entry)


async def perform(session: aiohttp.ClientSession, folder: Path, command: dict[str, Any]) -> None:
    """One command from the event to its posted result."""
    arguments = command["arguments"]
    await asyncio.to_thread(write_note, folder, arguments["title"], arguments["body"])
    result = {"status": "done", "output": {"title": arguments["title"]}}
    async with session.post(f"/v1/commands/{command['id']}/result", json=result) as response:
        response.raise_for_status()


async def main() -> None:
    """Read the stream, perform every command at once in a task of its own, until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--relay", required=True)
    parser.add_argument("--notes", type=Path, required=True)
    options = parser.parse_args()
    tasks: set[asyncio.Task[None]] = set()
    patience = aiohttp.ClientTimeout(total=None)
    async with (
        aiohttp.ClientSession(options.relay, timeout=patience) as session,
        session.get("/v1/stream") as stream,
    ):
        async for line in stream.content:
            if line.startswith(b"data: "):
                task = asyncio.create_task(perform(session, options.notes, json.loads(line[6:])))
                tasks.add(task)
                task.add_done_callback(tasks.discard)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main())
