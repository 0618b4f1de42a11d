"""The tray as a process, against a fake panel: shown, clicked, and back after what dies under it."""

import asyncio
import json
import os
import subprocess
import sys

import pytest
from fake_desktop import FakeDesktop, start_bus

from deskbell_daemon.local.client import LocalClient
from deskbell_wire.actions import BY_ID

TRASH = {"action": "note.trash", "arguments": {"path": "a.md"}}


async def _title(desktop, word):
    async def said():
        return word in await desktop.property("Title")

    await desktop.wait(said)


async def test_the_icon_is_drawn_and_says_how_the_daemon_is(relay, paired, start, bus, desktop, tray):
    tray(bus)
    assert (await desktop.icon_comes()).startswith("org.kde.StatusNotifierItem-")
    await _title(desktop, "does not run")
    [width, height, pixels] = (await desktop.property("IconPixmap"))[0]
    assert (width, height, len(pixels)) == (22, 22, 22 * 22 * 4)

    async def shown():
        return await desktop.property("Status") == "Active"

    await desktop.wait(shown)
    assert await desktop.property("Menu") == "/MenuBar"
    idle = (await desktop.property("IconPixmap"))[-1][2]
    async with start(paired), LocalClient(paired) as client:
        await _title(desktop, "Connected")
        assert (await desktop.property("IconPixmap"))[-1][2] != idle
        await client.post("/v1/pause")
        await _title(desktop, "Paused")

        async def ticked():
            return (await desktop.find("Pause:"))[2].get("toggle-state") == 1

        await desktop.wait(ticked)
        await desktop.click("Pause:")
        await _title(desktop, "Connected")
    await _title(desktop, "does not run")


async def test_the_icon_works_while_something_is_done(relay, paired, start, bus, desktop, tray, actions):
    tray(bus)
    await desktop.icon_comes()
    async with start(paired):
        await _title(desktop, "Connected")
        actions.release.clear()
        command_id = await relay.send(arguments={"title": "Long"})
        await _title(desktop, "Working")
        actions.release.set()
        await relay.report(command_id)
        await _title(desktop, "Connected")


async def test_a_request_is_allowed_and_another_refused_from_the_menu(relay, paired, start, bus, desktop, tray):
    tray(bus)
    await desktop.icon_comes()
    async with start(paired):
        first = await relay.send(**TRASH)
        await _title(desktop, "1 question waits")
        await desktop.click("GPT", "Allow once")
        assert (await relay.report(first))["status"] == "done"
        await _title(desktop, "Connected")
        second = await relay.send(**TRASH)
        await desktop.click("GPT", "Refuse")
        assert (await relay.report(second))["status"] == "refused"
        await _title(desktop, "Connected")


async def test_a_click_on_a_menu_that_is_out_of_date_hits_nothing_else(relay, paired, start, bus, desktop, tray):
    tray(bus)
    await desktop.icon_comes()
    async with start(paired), LocalClient(paired) as client:
        first = await relay.send(**TRASH)
        old = await desktop.wait(lambda: desktop.find("GPT", "Allow once"))
        await client.post(f"/v1/requests/{first}/refuse")
        await relay.report(first)
        second = await relay.send(**TRASH)

        async def another():
            line = await desktop.find("GPT", "Allow once")
            return line if line and line[0] != old[0] else None

        await desktop.wait(another)
        await desktop.click_id(old[0])
        await desktop.click_id(12345)
        await desktop.click("Pause:")  # clicks are done in their order: those before had no effect
        await _title(desktop, "Paused")
        assert (await relay.report(second))["status"] == "refused"


async def test_a_flood_leaves_the_menu_usable(relay, paired, start, bus, desktop, tray):
    tray(bus)
    await desktop.icon_comes()
    async with start(paired):
        ids = [await relay.send(**TRASH) for _ in range(20)]
        await _title(desktop, "20 questions wait")
        assert len(await desktop.menu()) < 25
        await desktop.click("20 × GPT", "Refuse all 20")
        for command_id in ids:
            assert (await relay.report(command_id))["status"] == "refused"
        asked = [shown for shown in desktop.server.shown if "asks" in shown.title]
        assert len(asked) <= 2


async def test_a_notification_s_button_answers_the_request(relay, paired, start, bus, desktop, tray):
    tray(bus)
    await desktop.icon_comes()
    async with start(paired):
        command_id = await relay.send(**TRASH)
        shown = await desktop.server.next()
        assert shown.title.startswith("GPT asks")
        assert list(shown.buttons) == ["Allow once", "Refuse", "Show"]
        desktop.server.press(shown, "Allow once")
        assert (await relay.report(command_id))["status"] == "done"


async def test_what_was_done_is_told_and_undone(relay, paired, start, bus, desktop, tray):
    tray(bus)
    await desktop.icon_comes()
    async with start(paired, performers=None, context=None, catalogue=BY_ID):
        await _title(desktop, "Connected")
        report = await relay.report(await relay.send(arguments={"title": "Boat"}))
        note = paired.default_notes / report["output"]["path"]
        shown = await desktop.server.next()
        assert (shown.title, list(shown.buttons)) == ("GPT did: Create a note", ["Undo"])
        assert note.exists()
        desktop.server.press(shown, "Undo")
        await desktop.wait(lambda: asyncio.to_thread(lambda: not note.exists()))
        await desktop.wait(lambda: desktop.find("⚠ Undone: Boat"))
        again = await relay.report(await relay.send(arguments={"title": "Second"}))

        async def two():
            return len((await desktop.find("Last commands"))[3]) == 2

        await desktop.wait(two)
        await desktop.click("Last commands", "", "Undo")
        second = paired.default_notes / again["output"]["path"]
        await desktop.wait(lambda: asyncio.to_thread(lambda: not second.exists()))
    records = [json.loads(line) for line in (paired.audit_dir / "audit.jsonl").read_text().splitlines()]
    by = [record["by"] for record in records if record["event"] == "undone"]
    assert by == ["notification", "tray"]


async def test_the_pages_are_opened_with_a_ticket(relay, paired, start, bus, desktop, tray):
    tray(bus)
    await desktop.icon_comes()
    opened = paired.config_file.parent.parent / "opened"
    async with start(paired):
        command_id = await relay.send(**TRASH)
        desktop.server.press(await desktop.server.next())  # on its text
        await desktop.click("Connect an assistant")
        await desktop.click("Approve a device")
        await desktop.click("GPT", "Show")

        async def four():
            return opened.exists() and len(opened.read_text().splitlines()) == 4

        await desktop.wait(four)
        assert all(line.startswith("http://127.0.0.1:") for line in opened.read_text().splitlines())
        await desktop.click("Stop everything now")
        assert (await relay.report(command_id))["status"] == "refused"
        await _title(desktop, "Paused")


async def test_what_cannot_be_done_is_said_in_the_menu(relay, paired, start, bus, desktop, tray):
    tray(bus)
    await desktop.icon_comes()
    async with start(paired):
        await desktop.click("Open the notes folder")  # it was never made
        said = await desktop.wait(lambda: desktop.find("⚠"))
        assert "is not there" in said[1]
        assert said[2]["enabled"] is False


async def test_a_panel_that_restarts_gets_the_icon_again(paired, bus, desktop, tray):
    tray(bus)
    first = await desktop.icon_comes()
    desktop.panel_dies()
    await desktop.panel_starts()
    assert await desktop.icon_comes() == first
    assert await desktop.find("Settings file")


async def test_a_panel_that_comes_late_gets_the_icon(paired, bus, tray):
    desktop = await FakeDesktop(bus).start(panel=False, notifications=False)
    tray(bus)
    log = paired.log_file.with_name("tray.log")

    async def said():
        return log.exists() and "No panel here shows icons" in log.read_text()

    await desktop.wait(said)
    await desktop.panel_starts()
    assert await desktop.icon_comes()
    desktop.stop()


async def test_a_bus_that_dies_and_comes_back_gets_the_icon_again(paired, tmp_path, tray):
    socket = f"unix:path={tmp_path}/bus"
    command = ["dbus-daemon", "--session", "--nofork", "--print-address", f"--address={socket}"]
    buses = [subprocess.Popen(command, stdout=subprocess.PIPE)]
    try:
        await asyncio.to_thread(buses[0].stdout.readline)
        desktop = await FakeDesktop(socket).start()
        tray(socket)
        await desktop.icon_comes()
        buses[0].kill()
        buses[0].wait()
        (tmp_path / "bus").unlink(missing_ok=True)
        buses.append(subprocess.Popen(command, stdout=subprocess.PIPE))
        await asyncio.to_thread(buses[1].stdout.readline)
        again = await FakeDesktop(socket).start()
        await again.icon_comes()
        assert await again.find("Settings file")
        again.stop()
    finally:
        for process in buses:
            process.kill()
            process.wait()


async def test_it_opens_the_notes_folder_and_hides(relay, paired, start, bus, desktop, tray):
    process = tray(bus)
    await desktop.icon_comes()
    home = paired.config_file.parent.parent
    paired.default_notes.mkdir(parents=True)
    async with start(paired):
        await desktop.click("Open the notes folder")
        await desktop.click("Settings file")

        async def opened():
            text = (home / "opened").read_text() if (home / "opened").exists() else ""
            return str(paired.default_notes) in text and str(paired.config_file) in text

        await desktop.wait(opened)
        await desktop.click("Hide this icon")
        assert await asyncio.to_thread(process.wait, 15) == 0
        async with LocalClient(paired) as client:
            assert (await client.get("/v1/status"))["paired"]


async def test_quit_stops_the_daemon_too(relay, paired, start, bus, desktop, tray):
    process = tray(bus)
    await desktop.icon_comes()
    async with start(paired) as daemon:
        await desktop.click("Quit Deskbell")
        async with asyncio.timeout(15):
            await daemon.stopping.wait()
        assert await asyncio.to_thread(process.wait, 15) == 0


async def test_one_tray_for_a_profile(paired, bus, desktop, tray):
    tray(bus)
    await desktop.icon_comes()
    assert await asyncio.to_thread(tray(bus).wait, 20) == 1


@pytest.mark.parametrize("address", [None, "unix:path=/nowhere/bus", "nonsense"])
async def test_without_a_bus_and_a_display_it_ends_with_a_sentence(places, address):
    environment = {
        **{key: value for key, value in os.environ.items() if key not in {"DISPLAY", "XDG_RUNTIME_DIR"}},
        "DESKBELL_HOME": str(places.config_file.parent.parent),
    }
    environment.pop("DBUS_SESSION_BUS_ADDRESS", None)
    if address:
        environment["DBUS_SESSION_BUS_ADDRESS"] = address
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "deskbell_daemon.cli", "tray"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert "No icon can be shown here" in done.stderr
    assert "deskbell requests" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_bus_that_hangs_does_not_hang_the_start(places, tmp_path):
    server = await asyncio.start_unix_server(lambda *_: None, str(tmp_path / "mute"))
    async with server:
        environment = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={tmp_path}/mute"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "deskbell_daemon.cli", "tray",
            env={**{k: v for k, v in os.environ.items() if k != "DISPLAY"}, **environment,
                 "DESKBELL_HOME": str(places.config_file.parent.parent)},
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        _, errors = await asyncio.wait_for(process.communicate(), 30)
    assert b"has not answered within" in errors


def test_a_private_bus_can_be_started():
    process, address = start_bus()
    process.kill()
    process.wait()
    assert address.startswith("unix:")
