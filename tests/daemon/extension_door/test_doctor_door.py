"""The doctor asks at the extension's door as the extension does."""

import asyncio
import socket

import pytest

from deskbell_daemon.cli.doctor import Patient, extension_door, relay_health
from deskbell_daemon.state import State
from deskbell_wire.errors import Problem


async def seen(daemon, places):
    return await extension_door(Patient(places, status=await daemon.status()))


async def test_an_open_door_is_well(daemon, places):
    assert await seen(daemon, places) == f"The extension finds laptop at port {daemon.pairings.port}."


async def test_a_door_that_the_settings_close_is_no_fault(owner, places, start):
    text = places.config_file.read_text()
    places.config_file.write_text(text.partition("[extension]")[0] + "[extension]\nport = 0\n")
    async with start(places) as daemon:
        assert "Closed in the settings" in await seen(daemon, places)


async def test_ports_that_are_taken_are_said(owner, places, start, monkeypatch):
    monkeypatch.setattr("deskbell_daemon.extension_door.door.PORTS", range(1))
    first = int(places.config_file.read_text().rpartition("port = ")[2])
    with socket.create_server(("127.0.0.1", first)):
        async with start(places) as daemon:
            with pytest.raises(Problem) as raised:
                await seen(daemon, places)
    assert raised.value.code == "extension_door_closed"


async def test_nothing_on_the_port_is_said(daemon, places):
    with socket.create_server(("127.0.0.1", 0)) as other:
        status = await daemon.status() | {"extension_port": other.getsockname()[1]}
        other.close()
        with pytest.raises(Problem) as raised:
            await extension_door(Patient(places, status=status))
    assert raised.value.code == "extension_door_closed"


@pytest.mark.parametrize("greeting", [b"", b"SSH-2.0-OpenSSH_9.2p1\r\n"], ids=["hangs up", "speaks no HTTP"])
async def test_something_else_on_the_port_is_said(daemon, places, greeting):
    async def squat(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(greeting)
        writer.close()

    async with await asyncio.start_server(squat, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        with pytest.raises(Problem) as at_the_door:
            await extension_door(Patient(places, status=await daemon.status() | {"extension_port": port}))
        with pytest.raises(Problem) as at_the_relay:
            await relay_health(Patient(places, state=State(relay_url=f"http://127.0.0.1:{port}")))
    assert (at_the_door.value.code, at_the_relay.value.code) == ("extension_door_closed", "relay_unreachable")
