"""What the tray and a notification say of an extension that wants in, and the one click that lets it in."""

from deskbell_daemon.local.client import LocalClient
from deskbell_daemon.notify.bell import doorbell
from deskbell_daemon.tray.hands import Hands
from deskbell_daemon.tray.menu import Choice, menu
from deskbell_daemon.tray.model import read_state

STATUS = {"connection": {"state": "open", "connected": True}, "relay": "https://bell.example"}
APPROVAL = {"id": "req_1", "kind": "device", "name": "Chrome", "host": "127.0.0.1", "digits": "483 201"}


def choices(state):
    return {
        child.label: child.action
        for item in menu(state)
        if item.label.startswith("Chrome wants in")
        for child in item.children
    }


def test_the_number_stands_in_the_line_that_lets_it_in():
    found = choices(read_state(STATUS, approvals=[APPROVAL]))
    assert found["It shows 483 201 too: let it in"] == Choice("admit", ("req_1",))
    assert found["Refuse"] == Choice("deny", ("req_1",))


def test_without_a_number_yes_is_said_on_the_page_alone():
    found = choices(read_state(STATUS, approvals=[{**APPROVAL, "digits": None}]))
    assert "admit" not in {choice.verb for choice in found.values() if choice is not None}


def test_a_notification_says_the_number_and_has_no_button_for_yes():
    (approval,) = read_state(STATUS, approvals=[APPROVAL]).approvals
    notice = doorbell(approval)
    assert "483 201" in notice.body
    assert {choice.verb for _, choice in notice.buttons} == {"access", "deny"}


async def test_one_click_lets_it_in(extension, places):
    await extension.ask("Chrome")
    (waiting,) = read_state(STATUS, approvals=await _approvals(places)).approvals
    await Hands(places).do(Choice("admit", (waiting.id,)))
    assert await extension.state() == "approved"
    assert (await extension.poll())[0] == 200


async def _approvals(places):
    async with LocalClient(places) as local:
        return (await local.get("/v1/relay/approvals"))["approvals"]
