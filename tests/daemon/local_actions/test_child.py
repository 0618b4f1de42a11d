"""A child runs in its own group, within its limits, and nothing of it is left when it has to end.

Each on both event loops (the daemon's own is uvloop), and with and without bubblewrap where that is here.
"""

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import uvloop

from deskbell_daemon.local_actions.child import GRACE_S, Ending, Invocation, run
from deskbell_daemon.local_actions.environment import MARK
from deskbell_daemon.local_actions.output import fitted
from deskbell_daemon.local_actions.sandbox import bubblewrap
from deskbell_wire.errors import Problem

Runner = Callable[[Coroutine[Any, Any, Any]], Any]

BEGUN_S = 2
"""After so long a program has begun, on a busy machine too."""

SANDBOXES = [None, *([bubblewrap()] if bubblewrap() else [])]


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def loop(request: pytest.FixtureRequest) -> Runner:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(params=SANDBOXES, ids=["bare", "bubblewrap"][: len(SANDBOXES)])
def sandbox(request: pytest.FixtureRequest) -> Path | None:
    return request.param  # type: ignore[no-any-return]


def python(code: str, folder: Path, sandbox: Path | None = None, **changes: Any) -> Invocation:
    mark = f"test-{os.urandom(6).hex()}"
    environment = {"PATH": os.environ["PATH"], MARK: mark}
    made = Invocation([sys.executable, "-u", "-c", code], folder, environment, 30, 10_000, sandbox, mark=mark)
    return replace(made, **changes)


async def ended(invocation: Invocation, stop_after: float | None = None, told: list[str] | None = None) -> Ending:
    stopped = asyncio.Event()
    if stop_after is not None:
        asyncio.get_running_loop().call_later(stop_after, stopped.set)
    return await run(invocation, (told if told is not None else []).append, stopped)


def is_gone(file: Path) -> bool:
    """Whether the process whose number stands in `file` has ended."""
    end = time.monotonic() + 5
    with contextlib.suppress(psutil.NoSuchProcess):  # it may end between any two looks
        process = psutil.Process(int(file.read_text()))
        while process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > end:
                process.kill()
                return False
            time.sleep(0.01)
    return True


# In bubblewrap a process knows only its number within the namespace; it is found from outside by its open file.
HOLD = """
import os, sys, time
def hold(path):
    keep = open(path, "w")
    keep.write("held"); keep.flush()
    time.sleep(60)
"""


def holder_gone(path: Path) -> bool:
    """Whether nobody has the file open any more."""
    end = time.monotonic() + 5
    while True:
        holders = []
        for process in psutil.process_iter():
            try:
                holders += [f for f in process.open_files() if f.path == str(path)]
            except psutil.Error:
                continue
        if not holders:
            return True
        if time.monotonic() > end:
            return False
        time.sleep(0.02)


def test_output_code_folder_and_environment_are_its_own(loop: Runner, sandbox: Path | None, tmp_path: Path) -> None:
    code = "import os, sys; print(os.getcwd()); print(sorted(os.environ)); print('oh', file=sys.stderr); sys.exit(3)"
    ending = loop(ended(python(code, tmp_path, sandbox)))
    assert (ending.by, ending.exit_code, ending.error_output, ending.truncated) == ("itself", 3, "oh\n", False)
    folder, names = ending.output.splitlines()
    assert folder == str(tmp_path)
    assert set(eval(names)) <= {"PATH", MARK, "PWD", "LC_CTYPE"}


def test_it_has_no_terminal_and_no_input(loop: Runner, sandbox: Path | None, tmp_path: Path) -> None:
    code = """
import sys
print(repr(sys.stdin.read()))
try: open('/dev/tty'); print('a terminal')
except OSError: print('no terminal')
"""
    assert loop(ended(python(code, tmp_path, sandbox))).output == "''\nno terminal\n"


def test_a_program_that_cannot_be_started_is_said(loop: Runner, tmp_path: Path) -> None:
    broken = replace(python("", tmp_path), argv=[str(tmp_path / "no-such-program")])
    with pytest.raises(Problem) as caught:
        loop(ended(broken))
    assert caught.value.code == "action_not_started"


def test_a_grandchild_that_holds_the_pipes_delays_nothing_and_does_not_outlive_it(
    loop: Runner, sandbox: Path | None, tmp_path: Path
) -> None:
    held = tmp_path / "held"
    code = f"""{HOLD}
if os.fork() == 0: hold({str(held)!r})
while not os.path.exists({str(held)!r}) or not open({str(held)!r}).read(): time.sleep(0.01)
print("done")
"""
    began = time.monotonic()
    ending = loop(ended(python(code, tmp_path, sandbox)))
    assert (ending.by, ending.exit_code, ending.output) == ("itself", 0, "done\n")
    assert time.monotonic() - began < 5
    assert holder_gone(held)


@pytest.mark.parametrize("escape", ["fork", "setsid", "double"])
@pytest.mark.parametrize("how", ["deadline", "stopped"])
def test_at_its_end_all_of_it_dies_also_what_ignores_the_polite_signal(
    loop: Runner, sandbox: Path | None, tmp_path: Path, escape: str, how: str
) -> None:
    held, leader = tmp_path / "held", tmp_path / "leader"
    code = f"""{HOLD}
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    if {escape!r} != "fork": os.setsid()
    if {escape!r} == "double" and os.fork(): os._exit(0)
    hold({str(held)!r})
while not os.path.exists({str(held)!r}): time.sleep(0.01)
print("ready", flush=True)
hold({str(leader)!r})
"""
    if how == "deadline":
        ending = loop(ended(python(code, tmp_path, sandbox, timeout_s=BEGUN_S)))
    else:
        ending = loop(ended(python(code, tmp_path, sandbox), stop_after=BEGUN_S))
    assert (ending.by, ending.exit_code) == (how, None)
    assert ending.output == "ready\n"
    assert holder_gone(held)
    assert holder_gone(leader)


def test_who_listens_to_the_polite_signal_can_tidy_up(loop: Runner, sandbox: Path | None, tmp_path: Path) -> None:
    tidy = tmp_path / "tidy"
    code = f"""
import signal, sys, time
def tidy(*_):
    open({str(tidy)!r}, "w").write("tidied")
    sys.exit(0)
signal.signal(signal.SIGTERM, tidy)
print("ready", flush=True)
time.sleep(60)
"""
    began = time.monotonic()
    ending = loop(ended(python(code, tmp_path, sandbox, timeout_s=BEGUN_S)))
    assert ending.by == "deadline"
    assert tidy.read_text() == "tidied"
    assert time.monotonic() - began < BEGUN_S + GRACE_S, "it did not wait for the whole grace"


def test_what_may_keep_running_does_until_the_deadline_of_its_starter(loop: Runner, tmp_path: Path) -> None:
    number = tmp_path / "pid"
    code = f"""
import os, time
if os.fork() == 0:
    open({str(number)!r}, "w").write(str(os.getpid()))
    time.sleep(60)
while not os.path.exists({str(number)!r}) or not open({str(number)!r}).read(): time.sleep(0.01)
"""
    ending = loop(ended(python(code, tmp_path, keeps_running=True)))
    assert (ending.by, ending.exit_code) == ("itself", 0)
    process = psutil.Process(int(number.read_text()))
    assert process.is_running()
    process.kill()


def test_a_gigabyte_of_output_is_capped_while_it_is_read(loop: Runner, sandbox: Path | None, tmp_path: Path) -> None:
    code = """
import os
os.write(1, b"first\\n")
block = b"x" * 1_000_000
for _ in range(1_000):
    view = memoryview(block)
    while view: view = view[os.write(1, view):]
os.write(1, b"\\nlast\\n")
"""
    before = psutil.Process().memory_info().rss
    ending = loop(ended(python(code, tmp_path, sandbox)))
    assert (ending.by, ending.truncated) == ("itself", True)
    assert ending.output.startswith("first\n")
    assert ending.output.endswith("\nlast\n")
    assert "bytes are left out here" in ending.output
    assert len(ending.output) < 11_000
    assert psutil.Process().memory_info().rss - before < 50_000_000


def test_terminal_controls_do_not_come_through(loop: Runner, tmp_path: Path) -> None:
    code = r"print('\x1b[31mred\x1b[0m \x1b]0;title\x07\x1b]8;;http://x\x1b\\link \x07\x08 done\u202e')"
    output = loop(ended(python(code, tmp_path, environment={"PYTHONIOENCODING": "utf-8"}))).output
    assert output.startswith("red link  done")
    assert "\x1b" not in output


class Told(list[str]):
    """What was told. The program hears of it by a file, named after the first letter."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def append(self, line: str) -> None:
        super().append(line)
        (self._folder / f"told-{line[0]}").touch()


def test_its_lines_are_told_as_they_come_but_not_each(loop: Runner, tmp_path: Path) -> None:
    code = """
import os, sys, time
def told(letter):
    while not os.path.exists(f"told-{letter}"): time.sleep(0.01)
for n in range(2000): print(f"step {n}")
told("s")
sys.stdout.write("10 %\\r20 %\\r"); sys.stdout.flush()
told("2")
print("x" * 500)
told("x")
"""
    told = Told(tmp_path)
    ending = loop(ended(python(code, tmp_path), told=told))
    assert ending.exit_code == 0
    assert 3 <= len(told) <= 5
    assert told[0].startswith("step ")
    assert told[-2:] == ["20 %", "x" * 200]


async def test_a_task_that_is_cancelled_leaves_no_child(tmp_path: Path) -> None:
    number = tmp_path / "pid"
    code = f"import os, time; open({str(number)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    task = asyncio.create_task(ended(python(code, tmp_path)))
    async with asyncio.timeout(10):
        while not number.exists() or not number.read_text():
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(is_gone, number)


@pytest.mark.parametrize("text", ['"' * 65_000, "\\" * 65_000, "\n" * 65_000, "ü" * 65_000, "short", ""])
def test_an_output_fits_into_an_answer_however_much_must_be_escaped(text: str) -> None:
    found = fitted(text, 75_000)
    assert len(json.dumps(found, ensure_ascii=False)) <= 75_000
    assert found == text or "left out" in found
    assert len(found) >= min(len(text), 25_000)
