"""aimock, a mock of AI providers that somebody else wrote, as a process; its fixtures say what it answers to what."""

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

FOLDER = Path(__file__).parents[1] / "foreign"
NODE = Path(sys.executable).with_name("node")
PATIENCE_S = 20

PATHS = {
    "openai": "/v1",
    "anthropic": "/v1",
    "gemini": "/v1beta/openai",
    "groq": "/openai/v1",
    "openrouter": "/api/v1",
    "cohere": "/compatibility/v1",
    "compatible": "/v1",
}
"""Where each provider is below its host's name."""


class ForeignProviders:
    """A running aimock."""

    def __init__(self, url: str) -> None:
        self.url = url

    def settings(self, name: str, model: str = "some-model") -> dict[str, Any]:
        """The relay's settings that make it one of its providers."""
        settings = {f"ai_{name}_url": self.url + PATHS[name], f"ai_{name}_model": model}
        return settings if name == "compatible" else settings | {f"ai_{name}_key": f"key-of-{name}"}

    async def journal(self) -> list[dict[str, Any]]:
        """What was asked of it, the oldest first: {method, path, headers, body, response}."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/__aimock/journal") as answer:
            assert answer.status == 200, await answer.text()
            entries: list[dict[str, Any]] = await answer.json()
            return entries


@contextlib.asynccontextmanager
async def foreign_providers(*fixtures: dict[str, Any]) -> AsyncIterator[ForeignProviders]:
    """aimock with these fixtures: {match: {userMessage}, response: {content} or {error, status}, and how it streams}."""
    process = await asyncio.create_subprocess_exec(
        NODE, FOLDER / "providers.mjs", env={"PATH": os.defpath}, stdin=PIPE, stdout=PIPE
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(fixtures).encode() + b"\n")
        async with asyncio.timeout(PATIENCE_S):
            line = await process.stdout.readline()
        assert line, "The packages are not there: run `make tests/foreign/node_modules/.done`."
        yield ForeignProviders(json.loads(line)["url"])
    finally:
        assert process.stdin is not None
        process.stdin.close()  # not killed: `node` is a wrapper here, and its child would stay
        await process.wait()
