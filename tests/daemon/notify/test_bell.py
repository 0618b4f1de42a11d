"""What is worth a notification, how often, and in which words; against a list instead of a screen."""

import asyncio

import pytest

from deskbell_daemon.notify.bell import Bell
from deskbell_daemon.tray.menu import Choice


class Screen:
    """Notices, as a list."""

    def __init__(self):
        self.shown, self.withdrawn = [], []
        self.fresh = asyncio.Queue()

    async def show(self, notice, press):
        self.shown.append(notice)
        self.fresh.put_nowait(notice)
        return True

    async def withdraw(self, key):
        self.withdrawn.append(key)

    async def close(self):
        return

    async def next(self):
        async with asyncio.timeout(5):
            return await self.fresh.get()


@pytest.fixture
async def screen():
    return Screen()


@pytest.fixture
async def bell(screen):
    bell = Bell(screen, lambda choice: None, pace_s=0.2)
    yield bell
    bell.close()


def asked(number, grant="gra_1", title="Run backup"):
    assistant = {"grant_id": grant, "name": f"Name of {grant}", "host": "x"}
    return {"id": f"cmd_{number:03}", "title": title, "assistant": assistant, "arguments": {"project": "boat"}}


def finished(number, **more):
    return {"id": f"cmd_{number}", "status": "done", "notify": True, **more}


def entry(number, **more):
    return {"id": f"cmd_{number}", "action": "note.create", "assistant": "ChatGPT", "status": "done", **more}


async def test_a_request_is_asked_about_once_with_its_answers(bell, screen):
    for _ in range(3):
        await bell.look([asked(1)], [])
    [notice] = screen.shown
    assert notice.title == "Name of gra_1 asks: Run backup"
    assert notice.body == "project: boat"
    assert dict(notice.buttons) == {
        "Allow once": Choice("allow", ("cmd_001",)),
        "Refuse": Choice("refuse", ("cmd_001",)),
        "Show": Choice("show", ("cmd_001",)),
    }
    assert notice.click == Choice("show", ("cmd_001",))


async def test_an_answer_elsewhere_takes_the_question_away(bell, screen):
    await bell.look([asked(1)], [])
    await bell.look([], [])
    assert screen.withdrawn == [screen.shown[0].key]


async def test_a_flood_is_two_notices_and_the_second_speaks_for_all(bell, screen):
    await bell.look([asked(1)], [])
    for most in range(2, 40):
        await bell.look([asked(number) for number in range(1, most)], [])
    assert (await screen.next()).title.endswith("asks: Run backup")
    assert len(screen.shown) == 1
    many = await screen.next()
    assert many.title == "Name of gra_1 asks 37 things"
    assert [choice.verb for _, choice in many.buttons] == ["show", "refuse"]
    assert "allow" not in {choice.verb for _, choice in many.buttons}


async def test_what_was_answered_before_its_turn_is_not_asked(bell, screen):
    await bell.look([asked(1)], [])
    await bell.look([asked(1), asked(2), asked(3)], [])
    await bell.look([asked(1), asked(3)], [])
    await screen.next()
    assert (await screen.next()).click == Choice("show", ("cmd_003",))


async def test_one_assistant_s_flood_does_not_silence_another(bell, screen):
    await bell.look([asked(number) for number in range(30)], [])
    await bell.look([*[asked(number) for number in range(30)], asked(99, grant="gra_2")], [])
    assert screen.shown[-1].title == "Name of gra_2 asks: Run backup"


async def test_what_was_done_is_told_with_undo_if_the_rule_says_so(bell, screen):
    await bell.tell(
        [finished(1), finished(2, notify=False), finished(3, status="failed")], [entry(1), entry(2), entry(3)]
    )
    [notice] = screen.shown
    assert notice.title == "ChatGPT did: Create a note"
    assert notice.buttons == (("Undo", Choice("undo", ("cmd_1",))),)


async def test_many_things_done_are_told_together(bell, screen):
    await bell.tell([finished(1)], [entry(1)])
    await bell.tell([finished(2), finished(3, id="cmd_3")], [entry(3), entry(2)])
    await screen.next()
    assert (await screen.next()).title == "ChatGPT did 2 things"


async def test_a_notification_is_not_told_about(bell, screen):
    await bell.tell([finished(1)], [entry(1, action="desktop.notify")])
    assert screen.shown == []


async def test_somebody_who_wants_in_is_shown_and_never_let_in_by_a_button(bell, screen):
    waiting = {"id": "req_1", "kind": "assistant", "name": "Cla\u202eude", "host": "claude.ai"}
    await bell.look([], [waiting])
    await bell.look([], [waiting])
    [notice] = screen.shown
    assert "\u202e" not in notice.title
    assert [choice.verb for _, choice in notice.buttons] == ["access", "deny"]
    await bell.look([], [])
    assert screen.withdrawn == ["in req_1"]
