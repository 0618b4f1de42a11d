"""Whole paths, with real processes: from an assistant's request to a note on disk and back."""

import asyncio
from pathlib import Path

import pytest
from households import connected

from deskbell_daemon.cli.assistant import Assistant
from deskbell_daemon.cli.story import burst_and_kill
from deskbell_wire.errors import Problem


async def test_a_note_is_written_read_searched_changed_and_undone(tmp_path: Path) -> None:
    async with connected(tmp_path) as (household, assistant):
        made = await assistant.call(
            "createNote", {"title": "Mend the sail", "body": "# Sail\n\nTorn.\n", "tags": ["boat"]}
        )
        assert made["status"] == "done", made
        assert list(made["hops"]) == ["received", "appended", "sent", "acted", "returned"]
        assert made["hops"]["received"] <= made["hops"]["appended"] <= made["hops"]["sent"] <= made["hops"]["returned"]
        path = made["output"]["path"]
        assert "Torn." in (household.notes / path).read_text()

        read = (await assistant.call("readNote", {"path": path}))["output"]
        assert (read["title"], read["tags"], read["headings"]) == ("Mend the sail", ["boat"], ["Sail"])
        found = (await assistant.call("searchNotes", {"query": "torn"}))["output"]
        assert [hit["path"] for hit in found["hits"]] == [path]

        edit = {"path": path, "version": read["version"], "find": "Torn.", "replacement": "Mended."}
        edited = await assistant.call("editNote", edit)
        assert edited["status"] == "done"
        stale = await assistant.call("editNote", edit | {"replacement": "Lost."})
        assert (stale["status"], stale["error"]["code"]) == ("failed", "version_conflict")

        assert (await assistant.call("undoNote", {"command_id": edited["id"]}))["status"] == "done"
        assert "Torn." in (household.notes / path).read_text()
        assert (await assistant.call("trashNote", {"path": path}))["status"] == "done"
        assert not (household.notes / path).exists()
        assert (await assistant.call("undoNote", {}))["status"] == "done"
        assert "Torn." in (household.notes / path).read_text()


async def test_a_command_for_a_sleeping_laptop_waits_and_runs_on_wake(tmp_path: Path) -> None:
    async with connected(tmp_path) as (household, assistant):
        await household.daemon.stop()
        queued = await assistant.call("createNote", {"title": "Later"})
        assert (queued["status"], household.files()) == ("queued", [])
        await household.start_daemon()
        assert (await assistant.finish(queued, patience_s=20))["status"] == "done"
        assert household.files() == ["Later.md"]


async def test_a_relay_that_restarts_loses_nothing(tmp_path: Path) -> None:
    async with connected(tmp_path) as (household, assistant):
        await household.daemon.stop()
        queued = [await assistant.call("createNote", {"title": f"Note {n}"}, wait_s=0) for n in range(5)]
        await household.relay.kill()
        await household.relay.start()
        await household.start_daemon()
        for answer in queued:
            assert (await assistant.finish(answer, patience_s=20))["status"] == "done"
        assert household.files() == [f"Note {n}.md" for n in range(5)]


async def test_killing_the_daemon_in_the_middle_of_a_burst_loses_and_doubles_nothing(tmp_path: Path) -> None:
    async with connected(tmp_path) as (household, assistant):
        answers, _ = await burst_and_kill(household, assistant, 20)
        await household.start_daemon()
        results = await asyncio.gather(*(assistant.finish(answer, patience_s=30) for answer in answers))
        assert {result["status"] for result in results} == {"done"}
        assert household.files() == [f"Burst {n:02}.md" for n in range(1, 21)]


async def test_a_revoked_assistant_is_cut_off_within_a_second(tmp_path: Path) -> None:
    async with connected(tmp_path) as (household, assistant):
        async with household.local() as daemon:
            [grant] = (await daemon.get("/v1/relay/grants"))["grants"]
            await daemon.delete(f"/v1/relay/grants/{grant['id']}")
        await asyncio.sleep(0.5)
        with pytest.raises(Problem) as caught:
            await assistant.call("listDevices", {})
        assert caught.value.code == "revoked_token"


SAFE_NAMES = {"CON": "_CON", "🎉": "🎉", "AC/DC": "AC-DC", "Trailing dots...": "Trailing dots", "x" * 300: "x"}
UNSAFE = ("../../etc/passwd", "/etc/passwd", "C:\\Windows\\x", "\\\\server\\share", "..", "\u202e\u200b")


async def test_a_strange_title_gets_a_safe_name_and_one_that_would_leave_the_folder_gets_none(tmp_path: Path) -> None:
    async with connected(tmp_path) as (household, assistant):
        for title in UNSAFE:
            refused = await assistant.call("createNote", {"title": title})
            assert (refused["status"], refused["error"]["code"]) == ("failed", "unsafe_name"), title
        assert household.files() == []
        for title, beginning in SAFE_NAMES.items():
            made = await assistant.call("createNote", {"title": title})
            assert made["status"] == "done", made
            assert made["output"]["path"].startswith(beginning)
        assert len(household.files()) == len(SAFE_NAMES)
        assert all(len(name.encode()) <= 255 for name in household.files())


async def test_the_cli_client_goes_through_pkce(tmp_path: Path) -> None:
    async with connected(tmp_path) as (household, _), Assistant(household.url) as assistant:
        await household.connect(assistant)
        assert (await assistant.call("createNote", {"title": "From the terminal"}))["status"] == "done"
