"""`deskbell ask`: an AI answer in the terminal while it is written; Ctrl-C is Stop."""

import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from deskbell_daemon.cli.exits import ExitCode, of_status
from deskbell_daemon.cli.options import PROFILE, Json, Profile, with_daemon
from deskbell_daemon.cli.terminal import Terminal
from deskbell_wire.errors import Problem

if TYPE_CHECKING:
    from deskbell_daemon.cli.writing import Paper
    from deskbell_daemon.local.client import LocalClient

T = TypeVar("T")

NOTE_S: Final = 20.0
"""How long the note's end is awaited after the answer's."""

LOOK_S: Final = 0.2

BILLS: Final = {
    True: "This provider stops billing there too.",
    False: "This provider bills the rest all the same.",
    None: "Whether the bill stops too, this provider does not say.",
}
"""What Stop means for the person's money, in the words of the chat page."""

TRIES: Final = 8
"""How often a stream that brings nothing is taken up again, with its cursor, before we give up."""

PAUSE_S: Final = 0.5


def ask(
    provider: Annotated[
        str, typer.Argument(metavar="PROVIDER", help="Such as local, openai, gemini: what the relay has.")
    ],
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="The question; - reads it from standard input.")],
    model: Annotated[
        str | None, typer.Option(help="Another model than the relay's usual one of this provider.")
    ] = None,
    note: Annotated[
        str | None,
        typer.Option(metavar="TITLE", help="Write the answer into a new note of this title, while it comes."),
    ] = None,
    folder: Annotated[str, typer.Option(help="The note's folder inside the notes folder.")] = "",
    profile: Profile = PROFILE,
    as_json: Json = False,
) -> None:
    """Ask an AI through your relay, and read the answer while it comes. Ctrl-C stops it and keeps what came."""
    from deskbell_daemon.cli.writing import paper

    terminal = Terminal(as_json)
    body: dict[str, Any] = {
        "provider": provider,
        "prompt": sys.stdin.read() if prompt == "-" else prompt,
        "model": model,
    }
    if note is not None:
        body |= {"save_as_note": True, "note_title": note, "note_folder": folder}

    async def asking(daemon: "LocalClient") -> dict[str, Any]:
        run = await daemon.post("/v1/relay/runs", {name: value for name, value in body.items() if value is not None})
        path = f"/v1/relay/runs/{run['run_id']}"
        with paper(terminal) as sheet, on_interrupt(lambda: daemon.post(f"{path}/stop")) as stop_failed:
            end = await unless(stop_failed, read(daemon, f"{path}/stream", sheet))
        answer = {"id": run["run_id"], "provider": run["provider"], "model": run["model"], "text": sheet.text, **end}
        return answer | ({"note": await written(daemon, run["note"])} if "note" in run else {})

    answer = with_daemon(profile, asking)
    if as_json:
        terminal.emit(answer)
    else:
        terminal.show(figures(answer), stderr=True)
    if answer["status"] == "error":
        raise typer.Exit(ExitCode.FAILED)


async def read(daemon: "LocalClient", path: str, sheet: "Paper") -> dict[str, Any]:
    """Write the tokens onto the sheet; the data of the `end` event. A broken stream is taken up where it broke.

    Raises Problem when it breaks again and again without an event in between, or is refused.
    """
    cursor, tries = "", 0
    while True:
        fault = Problem("relay_unreachable", "The answer's stream ended without an end.")
        try:
            async with contextlib.aclosing(daemon.stream(path, cursor)) as events:
                async for event in events:
                    tries = 0
                    if event.event == "token":
                        sheet.write(json.loads(event.data)["text"])
                    elif event.event == "end":
                        end: dict[str, Any] = json.loads(event.data)
                        return end
                    cursor = event.last_event_id or cursor
        except Problem as problem:
            if problem.code not in ("relay_unreachable", "daemon_not_running", "draining"):
                raise
            fault = problem
        if tries == TRIES:
            raise fault
        tries += 1
        await asyncio.sleep(PAUSE_S)


async def written(daemon: "LocalClient", asked: dict[str, Any]) -> dict[str, Any]:
    """What became of the note: `status` of its command, `path` or `error`. Waits for its end, not for a person's yes."""
    if "command_id" not in asked:
        return {"status": "failed", "error": asked["error"]}
    last = time.monotonic() + NOTE_S
    while True:
        found = await daemon.get(f"/v1/relay/commands/{asked['command_id']}")
        is_final = of_status(found["status"]) is not ExitCode.NOT_FINISHED
        if is_final or found["status"] == "awaiting_approval" or time.monotonic() > last:
            break
        await asyncio.sleep(LOOK_S)
    told = {"status": found["status"], "command_id": found["id"]}
    if output := found.get("output"):
        told |= {"path": output["path"], "partial": output["partial"]}
    if error := found.get("error"):
        told |= {"error": error["message"]}
    return told


@contextlib.contextmanager
def on_interrupt(stop: Callable[[], Coroutine[Any, Any, Any]]) -> Iterator[asyncio.Future[Problem]]:
    """Ctrl-C calls `stop` once, and a second one ends the program. Where signals cannot be caught, it ends at once.

    What it gives is done once `stop` has failed: why, in words for who pressed it.
    """
    loop = asyncio.get_running_loop()
    stopping: set[asyncio.Task[Any]] = set()
    failed: asyncio.Future[Problem] = loop.create_future()

    async def stopped() -> None:
        try:
            await stop()
        except Problem as problem:
            if not failed.done():
                failed.set_result(not_stopped(problem))

    def interrupted() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        stopping.add(loop.create_task(stopped()))

    try:
        loop.add_signal_handler(signal.SIGINT, interrupted)
    except (NotImplementedError, RuntimeError, ValueError):  # Windows; or not the main thread
        yield failed
        return
    try:
        yield failed
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        for task in stopping:
            task.cancel()


async def unless(failed: asyncio.Future[Problem], reading: Coroutine[Any, Any, T]) -> T:
    """What `reading` brings. Raises the problem of a Stop that did not get through instead of reading on for ever."""
    task = asyncio.ensure_future(reading)
    try:
        await asyncio.wait((task, failed), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise failed.result()
        return task.result()
    finally:
        task.cancel()


def not_stopped(problem: Problem) -> Problem:
    """A Stop that failed, with what that means: the answer may go on, and cost."""
    return Problem(
        problem.code,
        f"Stop did not get through, so the answer may go on at the provider, and cost: {problem.detail}",
        next_step=f"{problem.next_step} Then stop it on the relay's chat page, which lists your runs.",
        headers=problem.headers,
    )


def figures(answer: dict[str, Any]) -> str:
    """What the answer took, in one line; and why it ended, when it did not end by itself."""
    usage = answer["usage"]
    about = "" if usage["source"] == "provider" else "about "
    parts = [answer["status"], f"{about}{usage['completion_tokens']} tokens"]
    if answer["ttft_ms"] is not None:
        parts.append(f"the first after {answer['ttft_ms']:.0f} ms")
    if answer["tokens_per_s"] is not None:
        parts.append(f"{answer['tokens_per_s']:g} tokens/s")
    line = f"{' · '.join(parts)}  {answer['id']}"
    if "note" in answer:
        line = f"{line}\n{about_note(answer['note'])}"
    if answer["status"] == "error":
        return f"{line}\n{answer['message']}"
    if answer["status"] == "stopped":
        return f"{line}\nStopped. {BILLS[answer['stops_billing']]}"
    return line


def about_note(note: dict[str, Any]) -> str:
    """One sentence: where the answer stands, or why it does not."""
    if "path" in note:
        return f"{'A part of it is' if note['partial'] else 'It is'} in {note['path']}  {note['command_id']}"
    if note["status"] == "awaiting_approval":
        return f"The note waits for your yes: deskbell approve {note['command_id']}"
    if "error" in note:
        return f"No whole note was written: {note['error']}"
    return f"The note is {note['status']}: see deskbell log."
