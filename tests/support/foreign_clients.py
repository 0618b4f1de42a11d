"""MCP clients that somebody else wrote, as processes: each goes the whole way at the door, and gives what it did.

A step is a dict with its name in `step`: authorize {url} · revision {revision, server} · tools {names} ·
create_note, search_notes, undo_note {id, output} · resources, after {names} · read {uri, text}, and what a client adds.
Run as a program (`make foreign-client`) it has all of them play, one after the other, and prints their steps.
"""

import asyncio
import contextlib
import json
import os
import pty
import re
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import aiohttp
from households import connected

from deskbell_daemon.cli.story import Household

FOLDER = Path(__file__).parents[1] / "foreign"
INSPECTOR = "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"
NODE = Path(sys.executable).with_name("node")
LONGEST_LINE = 1 << 20
PATIENCE_S = 60

Step = dict[str, Any]


async def ai_sdk(household: Household, revision: str) -> AsyncGenerator[Step, None]:
    """The client of Vercel's AI SDK (an implementation of its own), played by tests/foreign/client.mjs."""
    async with node(home_of(household, revision), "client.mjs", f"{household.url}/mcp", revision) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        wrong = asyncio.create_task(process.stderr.read())
        async for line in process.stdout:
            step: Step = json.loads(line)
            yield step
            if step["step"] == "authorize":
                await come_back(household, step["url"])
        assert await process.wait() == 0, (await wrong).decode()


async def inspector(household: Household, revision: str) -> AsyncGenerator[Step, None]:
    """The official Inspector's command line, which registers and authorizes by itself; one process for each request."""
    ways = {"2026-07-28": "modern", "2025-11-25": "legacy"}
    home = home_of(household, revision)
    steps: asyncio.Queue[Step] = asyncio.Queue()

    async def ask(method: str, *words: str) -> Any:
        shown = ["--cli", f"{household.url}/mcp", "--protocol-era", ways[revision], "--format", "json"]
        return await _inspected(household, home, [*shown, "--method", method, *words], steps)

    async def call(tool: str, **arguments: Any) -> Step:
        given = await ask("tools/call", "--tool-name", tool, "--tool-args-json", json.dumps(arguments))
        answer = given["structuredContent"]
        assert answer["status"] == "done", answer
        return {"step": tool, "id": answer["id"], "output": answer["output"]}

    async def resources(step: str) -> Step:
        listed = (await ask("resources/list"))["resources"]
        return {"step": step, "names": [resource["name"] for resource in listed], "uris": [r["uri"] for r in listed]}

    met = await ask("initialize")
    while not steps.empty():
        yield steps.get_nowait()
    yield {"step": "revision", "revision": met["protocolVersion"], "server": met["serverInfo"]["name"]}
    # Strictly: it ends with 6 when a tool's schema would not be taken by some model's provider.
    yield {"step": "tools", "names": [tool["name"] for tool in (await ask("tools/list", "--strict"))["tools"]]}
    made = await call("create_note", title="From a stranger", body="The heron is back.")
    yield made
    yield await call("search_notes", query="heron")
    listed = await resources("resources")
    yield listed
    uri = listed["uris"][listed["names"].index(made["output"]["path"])]
    yield {"step": "read", "uri": uri, "text": (await ask("resources/read", "--uri", uri))["contents"][0]["text"]}
    yield await call("undo_note", command_id=made["id"])
    yield await resources("after")
    yield {"step": "end"}


CLIENTS = {"ai_sdk": ai_sdk, "inspector": inspector}
REVISIONS = ("2026-07-28", "2025-11-25")


async def come_back(household: Household, url: str) -> None:
    """Be the person and the browser: let the client in, and follow the redirect to its loopback address."""
    async with aiohttp.ClientSession() as browser:
        async with browser.get(await household.allow(url)) as page:
            assert page.status == 200, await page.text()


async def _inspected(household: Household, home: Path, words: list[str], steps: "asyncio.Queue[Step]") -> Any:
    """The result of one request by the Inspector; what it asks a person to open goes to `steps`, and is opened."""
    async with node(home, INSPECTOR, *words) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        result = asyncio.create_task(process.stdout.read())
        said = []
        async for line in process.stderr:
            said.append(line.decode())
            if asked := re.search(r"Please navigate to: (\S+)", said[-1]):
                steps.put_nowait({"step": "authorize", "url": asked[1]})
                await come_back(household, asked[1])
        assert await process.wait() == 0, "".join(said)
        return json.loads(await result)["result"]


def home_of(household: Household, revision: str) -> Path:
    """Where a client keeps its connection: another revision is another installation, that knows nothing."""
    home = household.folder / "foreign" / revision
    home.mkdir(parents=True, exist_ok=True)
    return home


@contextlib.asynccontextmanager
async def node(home: Path, script: str, *words: str) -> AsyncIterator[Process]:
    """A script of tests/foreign, with a home of its own, on a terminal, and without a browser."""
    assert (FOLDER / INSPECTOR).exists(), "The packages are not there: run `make tests/foreign/node_modules/.done`."
    environment = {
        "PATH": os.defpath,
        "HOME": str(home),
        # The Inspector keeps tokens in the keychain if it may, and lets nobody in unless a person sits at a terminal.
        "MCP_STORAGE_DIR": str(home / "inspector"),
        "MCP_INSPECTOR_SECRET_STORE": "file",
        "MCP_AUTO_OPEN_ENABLED": "false",
        "MCP_OAUTH_CALLBACK_URL": "http://127.0.0.1:0/oauth/callback",
    }
    keyboard, terminal = pty.openpty()
    try:
        process = await asyncio.create_subprocess_exec(
            NODE, FOLDER / script, *words, env=environment, stdin=terminal, stdout=PIPE, stderr=PIPE, limit=LONGEST_LINE
        )
        try:
            async with asyncio.timeout(PATIENCE_S):
                yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    finally:
        os.close(keyboard)
        os.close(terminal)


async def play() -> None:
    """All clients at all revisions, at one relay."""
    with tempfile.TemporaryDirectory() as folder:
        async with connected(Path(folder)) as (household, _):
            for name, client in CLIENTS.items():
                for revision in REVISIONS:
                    async with aclosing(client(household, revision)) as steps:
                        async for step in steps:
                            print(json.dumps({"client": name, **step}), flush=True)


if __name__ == "__main__":
    asyncio.run(play())
