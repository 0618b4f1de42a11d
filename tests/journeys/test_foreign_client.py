"""Clients that somebody else wrote go the whole way at the MCP door, given its address and nothing else."""

import json
from contextlib import aclosing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from foreign_clients import CLIENTS, FOLDER, REVISIONS
from households import connected


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_client_that_we_did_not_write_goes_the_whole_way_at_both_revisions(tmp_path: Path, name: str) -> None:
    async with connected(tmp_path) as (household, gpt):
        for revision in REVISIONS:
            async with aclosing(CLIENTS[name](household, revision)) as steps:
                did = {step["step"]: step async for step in steps}
            # It found the authorization server, registered there, and asked for this door with a proof key.
            asked = parse_qs(urlsplit(did["authorize"]["url"]).query)
            assert asked["resource"] == [f"{household.url}/mcp"]
            assert asked["code_challenge_method"] == ["S256"]
            assert asked["client_id"][0].startswith("mcp-")
            assert {"notes:read", "notes:write"} <= set(asked["scope"][0].split())
            assert did["revision"] == {"step": "revision", "revision": revision, "server": "deskbell"}
            assert {"create_note", "search_notes", "undo_note", "get_result"} <= set(did["tools"]["names"])
            # A note is made, found, read as a resource, and taken back.
            path = did["create_note"]["output"]["path"]
            assert [hit["path"] for hit in did["search_notes"]["output"]["hits"]] == [path]
            assert did["resources"]["names"] == [path]
            assert did["read"]["text"] == "The heron is back.\n"
            assert did["undo_note"]["output"]["undone"] == "create"
            assert did["after"]["names"] == household.files() == []
            assert "end" in did
            # It was done on the account of the GPT, which knows it too.
            made = await gpt.call("getResult", {"command_id": did["create_note"]["id"]})
            assert made["output"]["path"] == path


def test_their_packages_are_pinned_by_content_and_name_no_registry() -> None:
    wanted = json.loads((FOLDER / "package.json").read_text())["dependencies"]
    locked = json.loads((FOLDER / "package-lock.json").read_text())["packages"]
    assert locked.pop("")["dependencies"] == wanted
    assert all(version[0].isdigit() for version in wanted.values())
    assert all("integrity" in package and "resolved" not in package for package in locked.values())
