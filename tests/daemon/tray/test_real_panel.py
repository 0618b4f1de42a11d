"""On a screen: Xfce's own panel draws the bell and opens its menu, its notification server draws the buttons.

The pictures stay in .artefacts/tray/, to be looked at.
"""

import asyncio
import os
from pathlib import Path

import pytest
from fake_desktop import start_tray
from real_desktop import RealDesktop

from deskbell_daemon.local.client import LocalClient
from deskbell_daemon.tray.menu import menu
from deskbell_daemon.tray.model import read_state

ARTEFACTS = Path(os.environ.get("DESKBELL_TEST_ARTEFACTS") or Path(__file__).parents[3] / ".artefacts") / "tray"
PANEL = (0, 0, 900, 34)
TEAL, AMBER, GREY, RED = (18, 165, 148), (245, 158, 11), (139, 148, 158), (229, 72, 77)
TRASH = {"action": "note.trash", "arguments": {"path": "Ideas/Boat.md"}}


@pytest.fixture(params=["dark", "light"])
def screen(request, tmp_path):
    home = tmp_path / "person"
    home.mkdir()
    screen = RealDesktop(home, dark=request.param == "dark")
    screen.name = request.param
    yield screen
    screen.stop()


def _downs(items, label):
    """How often to press Down to get to a line of an open menu."""
    lines = [item for item in items if not item.separator and item.enabled]
    return next(place for place, item in enumerate(lines, 1) if item.label.startswith(label))


async def _items(client):
    requests = (await client.get("/v1/requests"))["requests"]
    return menu(
        read_state(await client.get("/v1/status"), requests, commands=(await client.get("/v1/log"))["commands"])
    )


@pytest.mark.timeout(300)  # a dozen waits for a screen, each of seconds on a busy machine
async def test_the_bell_is_drawn_opened_and_clicked_and_a_notification_s_button_pressed(relay, paired, start, screen):
    def shows(colour, picture):
        place = screen.wait(lambda: screen.find(colour, PANEL))
        screen.picture(ARTEFACTS / f"{screen.name}-{picture}.png")
        return place

    tray = start_tray(paired.config_file.parent.parent, None, **screen.environment)
    try:
        await asyncio.to_thread(shows, RED, "1-daemon-not-running")
        async with start(paired), LocalClient(paired) as client:
            bell = await asyncio.to_thread(shows, TEAL, "2-connected")

            # A request: allowed with the notification's own button, by mouse.
            first = await relay.send(**TRASH)
            await asyncio.to_thread(shows, AMBER, "3-waiting")
            [(left, top, width, height)] = await asyncio.to_thread(screen.wait, lambda: screen.windows("notifyd"))
            await asyncio.to_thread(screen.wait, lambda: screen.settled((left, top, left + width, top + height)))
            screen.picture(ARTEFACTS / f"{screen.name}-4-notification.png")
            await asyncio.to_thread(screen.click, (left + width // 6 + 5, top + height - 31))
            assert (await relay.report(first))["status"] == "done"

            # Another: refused in the menu, by keys.
            await asyncio.to_thread(shows, TEAL, "5-connected-again")
            second = await relay.send(**TRASH)
            await asyncio.to_thread(shows, AMBER, "6-waiting-again")
            before = screen.picture()
            await asyncio.to_thread(screen.click, bell)
            await asyncio.to_thread(screen.wait, lambda: screen.differs(before, (0, 40, 300, 300)))
            downs = _downs(await _items(client), "GPT")
            await asyncio.to_thread(screen.keys, *["Down"] * downs, "Right")
            await asyncio.to_thread(screen.wait, lambda: screen.settled((0, 0, 900, 600)))
            screen.picture(ARTEFACTS / f"{screen.name}-7-menu-of-a-request.png")
            await asyncio.to_thread(screen.keys, "Down", "Return")  # the first line after Allow once
            assert (await relay.report(second))["status"] == "refused"

            # The panel dies and comes back; then Pause.
            await asyncio.to_thread(shows, TEAL, "8-answered")
            await asyncio.to_thread(screen.kill_panel)
            await asyncio.to_thread(screen.wait, lambda: screen.find(TEAL, PANEL) is None)
            screen.start_panel()
            bell = await asyncio.to_thread(shows, TEAL, "9-panel-restarted")
            before = screen.picture()
            await asyncio.to_thread(screen.click, bell)
            await asyncio.to_thread(screen.wait, lambda: screen.differs(before, (0, 40, 300, 300)))
            await asyncio.to_thread(screen.keys, *["Down"] * _downs(await _items(client), "Pause:"))
            await asyncio.to_thread(screen.wait, lambda: screen.settled((0, 0, 900, 600)))
            screen.picture(ARTEFACTS / f"{screen.name}-10-menu.png")
            await asyncio.to_thread(screen.keys, "Return")
            await asyncio.to_thread(shows, GREY, "11-paused")
            assert (await client.get("/v1/status"))["paused"]
    finally:
        tray.terminate()
        assert await asyncio.to_thread(tray.wait, 10) == 0
