"""The official SDK's client goes the whole way, at both revisions: from an address alone to notes on the disk."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from households import connected
from mcp.client.auth import OAuthClientProvider
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from deskbell_daemon.cli.story import Household, until

REDIRECT = "http://127.0.0.1:33418/callback"
REVISIONS = {"legacy": "2025-11-25", "auto": "2026-07-28"}


class Memory:
    """What an MCP client keeps of its connection."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@contextlib.asynccontextmanager
async def stranger(household: Household, mode: str, memory: Memory) -> AsyncIterator[Client]:
    """A client that was given the address of the door and nothing else."""
    answers: list[dict[str, str]] = []

    async def open_browser(address: str) -> None:
        answers.append(dict(parse_qsl(urlsplit(await household.allow(address)).query)))

    async def redirected() -> AuthorizationCodeResult:
        return AuthorizationCodeResult.model_validate(answers[-1])

    metadata = OAuthClientMetadata.model_validate({"redirect_uris": [REDIRECT], "client_name": f"Stranger ({mode})"})
    address = f"{household.url}/mcp"
    door = OAuthClientProvider(address, metadata, memory, open_browser, redirected)
    async with httpx2.AsyncClient(auth=door, timeout=60) as http:
        async with Client(streamable_http_client(address, http_client=http), mode=mode) as client:
            yield client


async def output(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """What a tool gave, which must have been done."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    structured: Any = result.structured_content
    assert structured["status"] == "done", structured
    return dict(structured["output"]) | {"command_id": structured["id"]}


@pytest.mark.parametrize("mode", REVISIONS)
async def test_a_client_finds_its_way_and_works_beside_the_gpt(tmp_path: Path, mode: str) -> None:
    async with connected(tmp_path, DESKBELL_OFFLINE_WAIT_S="0.2") as (household, gpt):
        memory = Memory()
        async with stranger(household, mode, memory) as client:
            assert client.protocol_version == REVISIONS[mode]
            assert memory.client is not None
            assert memory.tokens is not None
            assert {"create_note", "search_notes", "undo_note", "get_result"} <= {
                tool.name for tool in (await client.list_tools()).tools
            }
            # A note is made, found, read as a resource, changed by the GPT meanwhile, and taken back.
            made = await output(client, "create_note", title="Mend the sail", body="Torn at the leech.")
            path = made["path"]
            assert "Torn" in (household.notes / path).read_text()
            assert [hit["path"] for hit in (await output(client, "search_notes", query="leech"))["hits"]] == [path]
            resources = (await client.list_resources()).resources
            assert [resource.name for resource in resources] == [path]
            assert "Torn" in (await client.read_resource(resources[0].uri)).contents[0].text
            await asyncio.gather(
                output(client, "append_note", path=path, text="By the plugin."),
                gpt.call("appendNote", {"path": path, "text": "By the GPT."}),
                *(gpt.call("createNote", {"title": f"Of the GPT {number}"}) for number in range(5)),
                *(output(client, "create_note", title=f"Of the plugin {number}") for number in range(5)),
            )
            text = (household.notes / path).read_text()
            assert "By the plugin." in text
            assert "By the GPT." in text
            assert len(household.files()) == 11
            appended = await output(client, "append_note", path=path, text="By mistake.")
            await output(client, "undo_note", command_id=appended["command_id"])
            assert "By mistake." not in (household.notes / path).read_text()
            # What one door queued, the other fetches.
            await household.stop_daemon(gpt)
            queued: Any = (await client.call_tool("create_note", {"title": "Later"})).structured_content
            assert queued["status"] == "queued"
            await household.start_daemon()

            async def is_done() -> bool:
                result: Any = (await client.call_tool("get_result", {"command_id": queued["id"]})).structured_content
                return bool(result["status"] == "done")

            await until(is_done, "the queued note")
            assert (await gpt.call("getResult", {"command_id": queued["id"]}))["output"]["path"] == "Later.md"
        # Connected once, it comes back without asking anybody.
        async with stranger(household, mode, memory) as again:
            assert len((await again.list_resources()).resources) == 12


@pytest.mark.parametrize("mode", REVISIONS)
async def test_a_call_taken_back_takes_its_question_off_the_laptop(tmp_path: Path, mode: str) -> None:
    async with connected(tmp_path) as (household, _):
        config = household.places.config_file
        config.parent.mkdir(parents=True, exist_ok=True)
        kept = config.read_text() if config.exists() else ""
        await household.daemon.stop()
        config.write_text(f'{kept}\n[consent.actions]\n"note.create" = "ask"\n')
        await household.start_daemon()

        async def questions() -> list[Any]:
            async with household.local() as daemon:
                return list((await daemon.get("/v1/requests"))["requests"])

        async def asks() -> bool:
            return bool(await questions())

        async def is_quiet() -> bool:
            return not await questions()

        async with stranger(household, mode, Memory()) as client:
            call = asyncio.create_task(client.call_tool("create_note", {"title": "Never mind"}))
            await until(asks, "the question on the laptop")
            call.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await call
            await until(is_quiet, "the question to go")
        assert household.files() == []
