"""What the command line asks at a terminal, and that only a typed yes is a yes."""

import asyncio
import contextlib
import os
import pty
import sys
import time

import pytest

from deskbell_daemon.cli.assistant import EVERY_SCOPE, Assistant
from deskbell_daemon.cli.commands.calling import SECRET
from deskbell_daemon.cli.commands.consent import decide
from deskbell_daemon.cli.processes import clean_environment, command
from deskbell_daemon.cli.story import Household
from deskbell_daemon.secrets.store import open_secrets
from deskbell_daemon.settings import load_settings
from deskbell_wire.actions import CATALOGUE, SCOPES
from deskbell_wire.errors import Problem

PATIENCE_S = 40


class Person:
    """A person at a terminal in which `deskbell WORDS` runs."""

    def __init__(self, household: Household, *words: str) -> None:
        environment = clean_environment() | {"DESKBELL_HOME": str(household.home), "TERM": "xterm", "COLUMNS": "120"}
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.execve(sys.executable, [sys.executable, "-m", "deskbell_daemon.cli", *words], environment)
        os.set_blocking(self._terminal, False)
        self.seen = ""

    async def reads(self, words: str) -> str:
        """All that the terminal shows, once `words` are among it."""
        end = time.monotonic() + PATIENCE_S
        while words not in self.seen:
            assert time.monotonic() < end, self.seen
            self._look()
            await asyncio.sleep(0.02)
        return self.seen

    def types(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    async def leaves(self) -> int:
        """The exit code."""
        end = time.monotonic() + PATIENCE_S
        while True:
            self._look()
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                self._look()
                os.close(self._terminal)
                return os.waitstatus_to_exitcode(status)
            assert time.monotonic() < end, self.seen
            await asyncio.sleep(0.02)

    def _look(self) -> None:
        with contextlib.suppress(BlockingIOError, OSError):  # nothing new, or the program has left
            while chunk := os.read(self._terminal, 65_536):
                self.seen += chunk.decode(errors="replace")


@pytest.fixture(scope="module")
def household(tmp_path_factory):
    household = Household(tmp_path_factory.mktemp("household"), DESKBELL_PAIRING_RATE="1000/minute")
    asyncio.run(household.start())
    yield household
    asyncio.run(household.stop())


async def connects(household: Household, person: Person, answer: str) -> None:
    """An assistant gets the code that the person reads aloud, and the person answers the question."""
    shown = await person.reads("Waiting for the assistant")
    code = shown.split("Connect code:")[1].split()[0]

    async def get_code() -> str:
        return code

    async def approve() -> None:
        facts = await person.reads("[y/N]")
        assert "ChatGPT (demo)" in facts
        assert "chatgpt.com" in facts
        person.types(answer)

    async with Assistant(household.url, await household.gpt_client()) as assistant:
        await assistant.authorize(get_code, approve)
        assert (await assistant.call("listNotes", {}))["status"] == "done"


async def test_connect_waits_for_the_assistant_shows_it_and_lets_it_in_after_a_yes(household):
    person = Person(household, "connect")
    await connects(household, person, "y\n")
    assert await person.leaves() == 0
    assert "Approved: ChatGPT (demo)" in person.seen


@pytest.mark.parametrize("answer", ["\n", "n\n", "yess\n"])
async def test_connect_takes_everything_but_a_yes_for_a_no(household, answer):
    person = Person(household, "connect")
    with pytest.raises(Problem) as raised:
        await connects(household, person, answer)
    assert raised.value.code == "refused"
    assert await person.leaves() == 0
    assert "Refused: ChatGPT (demo)" in person.seen


async def test_call_asks_once_and_then_works_by_itself(household):
    first = Person(household, "call", "listDevices")
    await first.reads("Let this command line in as an assistant? [y/N]")
    first.types("yes\n")
    assert await first.leaves() == 0
    again = Person(household, "call", "createNote", '{"title": "Asked once"}')
    assert await again.leaves() == 0
    assert "[y/N]" not in again.seen
    assert (household.notes / "Asked once.md").exists()


async def given_before(household: Household, scopes: str) -> None:
    """`deskbell call` was let in once, for those scopes alone."""

    async with household.local() as daemon, Assistant(household.url) as assistant:

        async def code() -> str:
            return str((await daemon.post("/v1/relay/connect-code"))["code"])

        async def approve() -> None:
            [asked] = (await daemon.get("/v1/relay/approvals"))["approvals"]
            await decide(daemon, asked, allow=True)

        await assistant.authorize(code, approve, scopes=scopes)
        assert assistant.refresh_token is not None
        await open_secrets(load_settings(household.places), household.places).set(SECRET, assistant.refresh_token)


async def grants_of(household: Household) -> list[dict]:
    return [grant for grant in (await command(household.home, "grants"))["grants"] if grant["host"] == "127.0.0.1"]


async def test_call_steps_up_a_grant_that_lacks_what_it_needs_and_gives_the_old_one_back(household):
    for grant in await grants_of(household):
        await command(household.home, "revoke", grant["id"], "--yes")
    await given_before(household, "notes:read devices:read")
    [old] = await grants_of(household)
    person = Person(household, "call", "createNote", '{"title": "Stepped up"}')
    await person.reads("The access from last time does not include this")
    await person.reads("Let this command line in as an assistant? [y/N]")
    person.types("yes\n")
    assert await person.leaves() == 0, person.seen
    [new] = await grants_of(household)
    assert new["id"] != old["id"]
    assert set(new["scopes"]) == set(SCOPES)
    again = Person(household, "call", "createNote", '{"title": "Without a question"}')
    assert await again.leaves() == 0, again.seen
    assert "[y/N]" not in again.seen


async def test_a_script_whose_grant_lacks_something_is_told_how_to_get_it(household):
    for grant in await grants_of(household):
        await command(household.home, "revoke", grant["id"], "--yes")
    await given_before(household, "devices:read")
    with pytest.raises(Problem, match=r"ended with 5: {.*Say yes with --yes, or use a terminal"):
        await command(household.home, "call", "listNotes")
    assert (await command(household.home, "call", "listNotes", "--yes"))["status"] == "done"


@pytest.mark.parametrize("action", CATALOGUE, ids=lambda action: action.id)
def test_what_call_asks_for_is_enough_for_every_operation(action):
    assert action.scope in EVERY_SCOPE.split()
