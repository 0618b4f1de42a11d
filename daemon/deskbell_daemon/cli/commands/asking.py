"""`deskbell ask`: an AI answer in the terminal while it is written; Ctrl-C is Stop."""

import asyncio
import contextlib
import json
import signal
import sys
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from deskbell_daemon.cli.exits import ExitCode
from deskbell_daemon.cli.options import PROFILE, Json, Profile, with_daemon
from deskbell_daemon.cli.terminal import Terminal
from deskbell_wire.errors import Problem

if TYPE_CHECKING:
    from deskbell_daemon.cli.writing import Paper
    from deskbell_daemon.local.client import LocalClient

TRIES: Final = 8
"""How often a broken stream is taken up again, with its cursor, before we give up."""


def ask(
    provider: Annotated[
        str, typer.Argument(metavar="PROVIDER", help="Such as local, openai, gemini: what the relay has.")
    ],
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="The question; - reads it from standard input.")],
    model: Annotated[
        str | None, typer.Option(help="Another model than the relay's usual one of this provider.")
    ] = None,
    profile: Profile = PROFILE,
    as_json: Json = False,
) -> None:
    """Ask an AI through your relay, and read the answer while it comes. Ctrl-C stops it and keeps what came."""
    from deskbell_daemon.cli.writing import paper

    terminal = Terminal(as_json)
    body = {"provider": provider, "prompt": sys.stdin.read() if prompt == "-" else prompt, "model": model}

    async def asking(daemon: "LocalClient") -> dict[str, Any]:
        run = await daemon.post("/v1/relay/runs", {name: value for name, value in body.items() if value is not None})
        path = f"/v1/relay/runs/{run['run_id']}"
        with paper(terminal) as sheet, on_interrupt(lambda: daemon.post(f"{path}/stop")):
            end = await read(daemon, f"{path}/stream", sheet)
        return {"id": run["run_id"], "provider": run["provider"], "model": run["model"], "text": sheet.text, **end}

    answer = with_daemon(profile, asking)
    if as_json:
        terminal.emit(answer)
    else:
        terminal.show(figures(answer), stderr=True)
    if answer["status"] == "error":
        raise typer.Exit(ExitCode.FAILED)


async def read(daemon: "LocalClient", path: str, sheet: "Paper") -> dict[str, Any]:
    """Write the tokens onto the sheet; the data of the `end` event. A broken stream is taken up where it broke.

    Raises Problem when it breaks again and again, or is refused.
    """
    cursor = ""
    fault = Problem("relay_unreachable", "The answer's stream broke again and again.")
    for pause_s in [0.0] + [0.5] * TRIES:
        await asyncio.sleep(pause_s)
        try:
            async with contextlib.aclosing(daemon.stream(path, cursor)) as events:
                async for event in events:
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
    raise fault


@contextlib.contextmanager
def on_interrupt(stop: Any) -> Any:
    """Ctrl-C calls `stop` once, and a second one ends the program. Where signals cannot be caught, it ends at once."""
    loop = asyncio.get_running_loop()
    stopping: set[asyncio.Task[Any]] = set()

    def interrupted() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        stopping.add(loop.create_task(stop()))

    try:
        loop.add_signal_handler(signal.SIGINT, interrupted)
    except (NotImplementedError, RuntimeError, ValueError):  # Windows; or not the main thread
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        for task in stopping:
            task.cancel()


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
    if answer["status"] == "error":
        return f"{line}\n{answer['message']}"
    if answer["status"] == "stopped":
        bill = {True: "so does its bill", False: "its bill does not", None: "it does not say whether its bill does"}
        return f"{line}\nStopped at the provider; {bill[answer['stops_billing']]}."
    return line
