"""Notices on a real bus with a fake server: buttons pressed, texts escaped, servers that cannot, hang, or are not there."""

import asyncio

import pytest
from fake_desktop import FakeDesktop, Server, start_bus

from deskbell_daemon.actions import desktop_notify
from deskbell_daemon.notify.desktop import DesktopNotices, open_notices
from deskbell_daemon.notify.notice import NoNotices, Notice
from deskbell_daemon.tray.menu import Choice
from deskbell_wire.desktop import NotifyDesktop
from deskbell_wire.errors import Problem

QUESTION = Notice(
    "q", "Who asks", "<b>x</b> & y", (("Allow once", Choice("allow", ("a",))), ("Refuse", Choice("refuse", ("a",)))),
    Choice("show"),
)  # fmt: skip


@pytest.fixture
def bus(monkeypatch):
    process, address = start_bus()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    yield address
    process.kill()
    process.wait()


@pytest.fixture
async def pressed():
    return asyncio.Queue()


@pytest.fixture
async def notices():
    notices = DesktopNotices()
    yield notices
    await notices.close()


@pytest.fixture
async def desktop(bus):
    desktop = await FakeDesktop(bus).start(panel=False)
    yield desktop
    desktop.stop()


async def test_a_button_and_a_click_on_the_text_say_what_was_meant(desktop, notices, pressed):
    for label, choice in (
        ("Refuse", Choice("refuse", ("a",))),
        (None, Choice("show")),
        ("Allow once", Choice("allow", ("a",))),
    ):
        assert await notices.show(QUESTION, pressed.put_nowait)
        desktop.server.press(await desktop.server.next(), label)
        async with asyncio.timeout(5):
            assert await pressed.get() == choice


async def test_markup_is_text_for_a_server_that_reads_markup(desktop, notices):
    await notices.show(QUESTION, print)
    assert (await desktop.server.next()).body == "&lt;b&gt;x&lt;/b&gt; &amp; y"


async def test_a_server_without_markup_and_buttons_gets_neither(bus, notices):
    desktop = await FakeDesktop(bus, Server(("body",))).start(panel=False)
    await notices.show(QUESTION, print)
    shown = await desktop.server.next()
    assert (shown.body, shown.buttons) == ("<b>x</b> & y", {})
    desktop.stop()


async def test_a_second_notice_of_a_key_takes_the_first_away_and_so_does_the_time(desktop, notices):
    await notices.show(QUESTION, print)
    await notices.show(Notice("q", "Again", seconds=1), print)
    async with asyncio.timeout(10):
        assert await desktop.server.closed.get() == 1
        assert await desktop.server.closed.get() == 2


async def test_withdrawing_what_the_person_closed_is_no_error(desktop, notices):
    await notices.show(QUESTION, print)
    desktop.server.NotificationClosed(1, 2)
    await notices.show(Notice("other", "Other"), print)  # after the signal, on the same line
    await notices.withdraw("q")
    await notices.withdraw("never")


async def test_no_server_is_no_notice_and_one_that_comes_later_is_found(bus, notices):
    assert not await notices.show(QUESTION, print)
    desktop = await FakeDesktop(bus).start(panel=False)
    assert await notices.show(QUESTION, print)
    desktop.stop()
    assert not await notices.show(QUESTION, print)


async def test_a_server_that_hangs_is_given_up(bus, notices, monkeypatch):
    monkeypatch.setattr("deskbell_daemon.notify.desktop._ANSWER_S", 0.5)
    desktop = await FakeDesktop(bus).start(panel=False)
    monkeypatch.setattr(desktop.server, "_capabilities", None)  # its answer cannot be sent
    began = asyncio.get_running_loop().time()
    assert not await notices.show(QUESTION, print)
    assert asyncio.get_running_loop().time() - began < 3
    desktop.stop()


async def test_without_a_desktop_nothing_is_shown_and_nothing_fails(monkeypatch):
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nowhere")
    notices = await open_notices()
    assert isinstance(notices, NoNotices)
    assert not await notices.show(QUESTION, print)
    await notices.withdraw("q")
    await notices.close()


class Asked:
    command_id = "cmd_1"


async def test_an_assistant_s_notification_says_that_it_is_one_and_stays_when_the_line_closes(desktop, monkeypatch):
    monkeypatch.setattr(desktop_notify, "_RATE", desktop_notify.Rate())
    args = NotifyDesktop(title="Deskbell\u202e", text="Type your password\x1b at <a href='x'>x</a>")
    output = await asyncio.to_thread(desktop_notify.perform, args, Asked())
    assert output.shown
    shown = await desktop.server.next()
    assert "\u202e" not in shown.title
    assert "\x1b" not in shown.body
    assert "&lt;a" in shown.body
    assert shown.body.endswith("— an assistant, through Deskbell")
    assert shown.buttons == {}
    assert desktop.server.closed.empty()


async def test_notifications_are_few(desktop, monkeypatch):
    monkeypatch.setattr(desktop_notify, "_RATE", desktop_notify.Rate(most=2))
    args = NotifyDesktop(title="x")
    for _ in range(2):
        await asyncio.to_thread(desktop_notify.perform, args, Asked())
    with pytest.raises(Problem) as raised:
        await asyncio.to_thread(desktop_notify.perform, args, Asked())
    assert raised.value.code == "rate_limited"
    assert len(desktop.server.shown) == 2


async def test_no_server_is_said_to_the_assistant(bus, monkeypatch):
    monkeypatch.setattr(desktop_notify, "_RATE", desktop_notify.Rate())
    with pytest.raises(Problem) as raised:
        await asyncio.to_thread(desktop_notify.perform, NotifyDesktop(title="x"), Asked())
    assert raised.value.code == "no_notifications"


def test_it_is_offered_only_where_there_is_a_session_bus(monkeypatch):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/x")
    assert desktop_notify.available()
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nowhere")
    assert not desktop_notify.available()
