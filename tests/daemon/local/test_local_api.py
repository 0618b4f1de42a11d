"""What the loopback API tells and does for the person."""

import asyncio

import pytest

from deskbell_daemon.local.client import LocalClient
from deskbell_daemon.private_file import write_private
from deskbell_wire.errors import Problem

TRASH = {"action": "note.trash", "arguments": {"path": "a.md"}}


async def test_status_says_what_is_known(relay, paired, start):
    async with start(paired), LocalClient(paired) as client:
        await relay.report(await relay.send())
        status = await client.get("/v1/status")
    assert status["relay"] == relay.url
    assert status["connection"]["state"] == "open"
    assert status["connection"]["connected"] is True
    assert status["connection"]["last_heard_s_ago"] < 5
    assert status["cursor"] == "e1-1"
    assert status["secrets_backend"] == "file"
    assert "secrets.json" in status["secrets"]
    assert status["commands"]["finished"] == 1


async def test_a_request_is_seen_as_it_comes_and_answered(relay, paired, start):
    async with start(paired), LocalClient(paired) as client:
        seen = []
        async for name, data in client.events():
            seen.append(name)
            if name == "status":
                command_id = await relay.send(**TRASH)
            elif name == "request":
                assert data["id"] == command_id
                [request] = (await client.get("/v1/requests"))["requests"]
                assert request["arguments"] == TRASH["arguments"]
                await client.post(f"/v1/requests/{command_id}/approve", {"for": "hour"})
            elif name == "finished":
                break
        assert [name for name in seen if name != "connection"] == [
            "status",
            "request",
            "request_answered",
            "started",
            "finished",
        ]
        assert data["status"] == "done"
        with pytest.raises(Problem) as raised:
            await client.post(f"/v1/requests/{command_id}/refuse")
        assert raised.value.code == "request_not_found"


async def test_the_log_shows_what_happened_without_what_was_written(relay, paired, start):
    async with start(paired), LocalClient(paired) as client:
        first = await relay.send(arguments={"title": "canary", "body": "canary"})
        await relay.report(first)
        second = await relay.send(action="no.such")
        await relay.report(second)
        log = await client.get("/v1/log?limit=5")
    assert [(row["id"], row["status"]) for row in log["commands"]] == [(second, "failed"), (first, "done")]
    assert "canary" not in str(log)


async def test_the_relay_is_asked_with_the_daemons_token(relay, paired, start):
    async with start(paired), LocalClient(paired) as client:
        assert await client.get("/v1/relay/devices") == {"devices": []}
        assert await client.get("/v1/relay/grants") == {"grants": []}
        assert await client.get("/v1/relay/approvals") == {"approvals": []}
        assert (await client.post("/v1/relay/connect-code"))["code"] == "BCDF-GHJK"
        with pytest.raises(Problem) as raised:
            await client.delete("/v1/relay/grants/gra_x")
        assert raised.value.code == "grant_not_found"


async def test_pause_is_told_to_listeners(relay, paired, start):
    async with start(paired), LocalClient(paired) as client:
        async for name, data in client.events():
            if name == "status":
                await client.post("/v1/pause")
            if name == "paused":
                assert data == {"paused": True}
                break
        assert (await client.get("/v1/status"))["paused"] is True
        assert await client.post("/v1/resume") == {"paused": False}


async def test_shutdown_ends_the_daemon_and_every_listener(relay, paired, start):
    async with start(paired) as daemon, LocalClient(paired) as client:

        async def listen():
            return [name async for name, _ in client.events()]

        listener = asyncio.create_task(listen())
        while not daemon.changes._listeners:
            await asyncio.sleep(0.01)
        await client.post("/v1/shutdown")
        async with asyncio.timeout(8):
            assert (await listener)[0] == "status"


def test_a_private_file_is_the_old_one_or_the_new_one(tmp_path):
    path = tmp_path / "a" / "b.json"
    write_private(path, "1")
    write_private(path, "2")
    assert path.read_text() == "2"
    assert [entry.name for entry in path.parent.iterdir()] == ["b.json"]
