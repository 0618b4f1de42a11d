"""`deskbell ask` against a real daemon, a real relay and a provider that does what it is told."""

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from paced_provider import Exchange, PacedProvider, delta, saying

from deskbell_daemon.cli.commands import asking
from deskbell_daemon.cli.commands.asking import on_interrupt, unless
from deskbell_daemon.cli.exits import ExitCode, of_problem
from deskbell_daemon.cli.processes import clean_environment
from deskbell_daemon.cli.story import Household
from deskbell_daemon.cli.writing import Paper
from deskbell_wire.errors import Problem
from deskbell_wire.event import ServerSentEvent

HOSTILE = "**bold** \x1b[31mred\u202e <script>alert(1)</script>"


async def typing(exchange: Exchange) -> None:
    while True:
        await exchange.send(delta("word "))
        await asyncio.sleep(0.01)


async def busy(exchange: Exchange) -> None:
    await exchange.answer(401, {"error": {"message": "no"}})


@pytest.fixture(scope="module")
def loop():
    """The provider's own thread: the commands below block this one."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture(scope="module")
def provider(loop):
    provider = PacedProvider()
    asyncio.run_coroutine_threadsafe(provider.start(), loop).result(10)
    yield provider
    asyncio.run_coroutine_threadsafe(provider.stop(), loop).result(10)


def household(folder: Path, provider: PacedProvider) -> Household:
    return Household(
        folder,
        DESKBELL_AI_COMPATIBLE_URL=provider.url,
        DESKBELL_AI_COMPATIBLE_MODEL="mock",
        DESKBELL_AI_LOCAL="false",
        DESKBELL_AI_RATE="1000/minute",
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory, provider):
    ours = household(tmp_path_factory.mktemp("household"), provider)
    asyncio.run(ours.start())
    yield ours.home
    asyncio.run(ours.stop())


def words(home: Path, *more: str) -> dict:
    return {
        "args": [sys.executable, "-m", "deskbell_daemon.cli", "ask", "compatible", *more],
        "env": clean_environment() | {"DESKBELL_HOME": str(home)},
    }


def ask(home: Path, *more: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(**words(home, *more), capture_output=True, text=True, check=False, timeout=60, **options)


def test_an_answer_comes_out_plain_into_a_pipe_with_its_figures_beside_it(home, provider):
    provider.scripts = [saying("Hel", "lo\n", HOSTILE)]
    done = ask(home, "Say hello")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Hello\n**bold** ␛[31mred⟦U+202E⟧ <script>alert(1)</script>\n"
    assert "done · 3 tokens · the first after" in done.stderr
    assert provider.calls[-1].body["messages"] == [{"role": "user", "content": "Say hello"}]


def test_a_program_gets_one_document_and_the_prompt_may_come_by_a_pipe(home, provider):
    provider.scripts = [saying(HOSTILE)]
    done = ask(home, "-", "--model", "other", "--json", input="Long prompt")
    document = json.loads(done.stdout)
    assert (document["text"], document["status"], document["model"]) == (HOSTILE, "done", "other")
    assert provider.calls[-1].body["messages"][0]["content"] == "Long prompt"
    assert done.stdout.isascii()


def test_a_failure_is_a_sentence_and_an_exit_code(home, provider):
    provider.scripts = [busy]
    done = ask(home, "x")
    assert done.returncode == 1
    assert "refuses the relay's key" in done.stderr
    done = subprocess.run(
        [*words(home)["args"][:-1], "nobody", "x"], env=words(home)["env"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "There is no AI provider 'nobody' here" in done.stderr


def test_a_person_sees_it_laid_out_and_ctrl_c_stops_the_provider(home, provider):
    provider.scripts = [typing]
    before = len(provider.calls)
    ours, theirs = pty.openpty()
    environment = words(home)["env"] | {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    child = subprocess.Popen(words(home, "Write")["args"], env=environment, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen = b""
    while b"word word" not in seen:
        seen += os.read(ours, 65_536)
    child.send_signal(signal.SIGINT)
    try:
        while chunk := os.read(ours, 65_536):
            seen += chunk
    except OSError:
        pass  # Linux's way to say that the other end is closed
    os.close(ours)
    assert child.wait(20) == 0, seen[-2_000:]
    assert "Whether the bill stops too, this provider does not say." in seen.decode(errors="replace").replace(
        "\r\n", " "
    )
    assert len(provider.calls) == before + 1
    assert provider.calls[-1].closed.is_set()


def test_it_is_written_into_a_note_meanwhile_and_the_note_is_named(home, provider):
    provider.scripts = [saying("Hel", "lo ", "there")]
    done = ask(home, "Say hello", "--note", "Greeting", "--folder", "Ideas")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Hello there\n"
    assert "It is in Ideas/Greeting.md  cmd_" in done.stderr
    [note] = [path for path in home.rglob("Greeting.md") if "Ideas" in path.parts]
    assert note.read_text().endswith("---\nHello there\n")


def test_a_program_hears_of_the_note_and_a_stop_leaves_its_part(home, provider):
    provider.scripts = [typing]
    environment = words(home)["env"]
    child = subprocess.Popen(
        words(home, "Write", "--note", "Endless", "--json")["args"], env=environment, stdout=subprocess.PIPE, text=True
    )
    patience = time.monotonic() + 30
    while not list(home.rglob("Endless.md")) or "word word" not in next(home.rglob("Endless.md")).read_text():
        assert time.monotonic() < patience
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    document = json.loads(child.communicate(timeout=30)[0])
    assert (document["status"], document["note"]["partial"]) == ("stopped", True), document
    text = next(home.rglob("Endless.md")).read_text()
    assert "status: partial" in text
    assert text.endswith(document["text"].rstrip(" ") + " \n")


class Torn:
    """A daemon whose stream breaks after each word, and after the last one brings nothing more."""

    def __init__(self, words: int, *, ends: bool) -> None:
        self._words = words
        self._ends = ends
        self.opened = 0

    async def stream(self, path, cursor):
        self.opened += 1
        number = int(cursor or 0) + 1
        if number <= self._words:
            yield ServerSentEvent("token", json.dumps({"text": f"{number} "}), str(number))
        elif self._ends:
            yield ServerSentEvent("end", json.dumps({"status": "done"}), str(number))
        raise Problem("daemon_not_running", "The stream broke.")


async def test_a_stream_that_breaks_after_each_word_is_read_to_its_end(monkeypatch):
    monkeypatch.setattr(asking, "PAUSE_S", 0)
    daemon, sheet = Torn(5 * asking.TRIES, ends=True), Paper()
    assert await asking.read(daemon, "/stream", sheet) == {"status": "done"}
    assert sheet.text == "".join(f"{number} " for number in range(1, 5 * asking.TRIES + 1))


async def test_a_stream_that_brings_nothing_any_more_is_given_up(monkeypatch):
    monkeypatch.setattr(asking, "PAUSE_S", 0)
    daemon, sheet = Torn(3, ends=False), Paper()
    with pytest.raises(Problem, match="The stream broke"):
        await asking.read(daemon, "/stream", sheet)
    assert (sheet.text, daemon.opened) == ("1 2 3 ", 3 + asking.TRIES)


def pressing_ctrl_c(home: Path, *more: str, before: Callable[[], object]) -> subprocess.CompletedProcess[str]:
    """Ask for an endless answer, do `before`, press Ctrl-C; how it ended by itself."""
    child = subprocess.Popen(
        words(home, "Write", *more)["args"],
        env=words(home)["env"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.read(4) == "word"
    before()
    child.send_signal(signal.SIGINT)
    out, error = child.communicate(timeout=30)
    return subprocess.CompletedProcess(child.args, child.returncode, out, error)


def test_a_stop_that_does_not_reach_the_relay_is_told_and_has_an_exit_code(tmp_path, provider):
    provider.scripts = [typing]
    other = household(tmp_path, provider)  # of its own: its relay does not come back
    asyncio.run(other.start())
    try:
        done = pressing_ctrl_c(other.home, before=lambda: asyncio.run(other.relay.kill()))
    finally:
        asyncio.run(other.stop())
    assert done.returncode == ExitCode.RELAY_UNREACHABLE, done.stderr
    assert "Stop did not get through, so the answer may go on at the provider, and cost" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_refused_stop_ends_the_reading_with_the_reason():
    async def refused() -> None:
        raise Problem("revoked_token", "This access was revoked.")

    async def for_ever() -> None:
        await asyncio.Event().wait()

    with on_interrupt(refused) as failed:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(Problem, match=r"Stop did not get through.*This access was revoked") as told:
            await unless(failed, for_ever())
    assert of_problem(told.value.code) == ExitCode.NOT_PAIRED
