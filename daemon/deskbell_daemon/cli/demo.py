"""`deskbell demo`: the main job, from an assistant's request to a note on disk, and what happens when things break."""

import asyncio
import contextlib
import io
import json
import re
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.live import Live
from rich.markdown import Markdown
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from deskbell_daemon.cli.assistant import Assistant
from deskbell_daemon.cli.hops import hop_rows
from deskbell_daemon.cli.neutral import neutral
from deskbell_daemon.cli.processes import command
from deskbell_daemon.cli.story import Household, burst_and_kill, until
from deskbell_wire.errors import Problem

BURST = 12
MODEL = "local"
DRAFT = "Before the first sail"
PROMPT = "In three short sentences: what should I check on a small sailing boat before its first trip of the year?"
LINES = 12
"""Of the growing note that are shown."""
LOOK_S = 0.05
NOTE = """The old sail tore at the second eyelet.

- [ ] call the sailmaker
- [ ] measure the boom
"""


class Demo:
    """Tells the story on `console` and keeps its facts."""

    def __init__(self, console: Console, household: Household) -> None:
        self._console = console
        self._household = household
        self.facts: dict[str, Any] = {}
        self._acted = 0
        """Commands that made no note."""

    def chapter(self, title: str) -> None:
        self._console.print()
        self._console.rule(f"[bold]{title}", align="left", style="dim")

    def done(self, sentence: str) -> None:
        self._console.print(f"[green]✓[/] {sentence}", highlight=False)

    async def tell(self) -> None:
        """The whole story. Raises Problem where it does not go as it must."""
        household = self._household
        self.chapter("A relay and a laptop")
        await household.start()
        self.done(
            f"The relay listens on {household.url}; the laptop is paired with its first invite, its daemon connected."
        )
        client = await household.gpt_client()
        async with Assistant(household.url, client) as assistant:
            await self._connect(assistant)
            await self._write(assistant)
            await self._run(assistant)
            await self._sleep(assistant)
            await self._crash(assistant)
            await self._draft(assistant)

    async def _connect(self, assistant: Assistant) -> None:
        self.chapter("ChatGPT asks to be let in")

        def shown(asked: dict[str, Any]) -> None:
            scopes = ", ".join(asked["scopes"])
            self.done(
                f"It typed the laptop's code. The laptop asks: [bold]{asked['name']}[/] at {asked['host']} wants {scopes}."
            )

        await self._household.connect(assistant, shown)
        self.done(
            "Approved on the laptop. The assistant has its tokens, by the authorization code flow of a custom GPT."
        )

    async def _write(self, assistant: Assistant) -> None:
        self.chapter("“Please note that about the sail.”")
        began = time.perf_counter()
        answer = await assistant.call("createNote", {"title": "Mend the sail", "body": NOTE, "tags": ["boat"]})
        spent_ms = (time.perf_counter() - began) * 1000
        require(answer["status"] == "done", f"The note was not written: {answer}")
        path = self._household.notes / answer["output"]["path"]
        text = path.read_text(encoding="utf-8")
        self.done(f"POST /actions/createNote answered in {spent_ms:.1f} ms: {answer['status']}.")
        self._console.print(
            Panel(Markdown(f"```yaml\n{text.strip()}\n```"), title=str(path), title_align="left", border_style="dim")
        )
        self._console.print(hop_table(answer["hops"]))
        self.facts["note"] = {
            "path": str(path),
            "text": text,
            "hops": answer["hops"],
            "milliseconds": round(spent_ms, 1),
        }

    async def _run(self, assistant: Assistant) -> None:
        self.chapter("“How much room is left on my disk?”")
        household = self._household
        words = [word for slot in ("df", "-h", "--", "{folder}") for word in ("--argv", slot)]
        await command(
            household.home,
            *("action", "add", "disk_space", *words, "--parameter", "folder:text:Which folder."),
            *("--description", "Tells how much room is left on the disk of a folder."),
        )

        async def is_listed() -> bool:
            return bool((await assistant.call("listLocalActions", {}))["actions"])

        await until(is_listed, "the new action, without a restart of the daemon")
        self.done("`deskbell action add disk_space`: the person has set up what may be run, and the assistant sees it.")
        asked = {"name": "disk_space", "parameters": {"folder": "/"}}
        answer = await assistant.call("runLocalAction", asked, wait_s=0)
        waiting: list[dict[str, Any]] = []

        async def is_asked() -> bool:
            waiting[:] = (await command(household.home, "requests"))["requests"]
            return bool(waiting)

        await until(is_asked, "the question on the laptop")
        request = waiting[0]
        state = (await assistant.call("getResult", {"command_id": answer["id"]}, wait_s=0))["status"]
        require(state == "awaiting_approval", f"The assistant should hear that it is to wait: {state}")
        self.done(f"The laptop asks first: [bold]{' '.join(request['words'])}[/]. The assistant hears only {state}.")
        await command(household.home, "approve", request["id"])
        result = await assistant.finish(answer)
        require(result["status"] == "done", f"The action was not run: {result}")
        self.done(f"`deskbell approve`, and it has run: exit code {result['output']['exit_code']}.")
        self._console.print(
            Panel(result["output"]["output"].rstrip(), border_style="dim"), highlight=False, markup=False
        )
        self._acted += 1
        self.facts["local_action"] = {"asked": state, "then": result["status"], "output": result["output"]["output"]}

    async def _sleep(self, assistant: Assistant) -> None:
        self.chapter("The laptop is closed")
        await self._household.stop_daemon(assistant)
        answer = await assistant.call("createNote", {"title": "Paint the hull", "body": "Two coats."})
        require(answer["status"] == "queued", f"The command should be queued: {answer}")
        until = answer["expires_at"][:10]
        self.done(
            f"The daemon is stopped. A second command is [bold]queued[/] and would wait for the laptop until {until}."
        )
        await self._household.start_daemon()
        result = await assistant.finish(answer)
        require(result["status"] == "done", f"The queued command was not done: {result}")
        self.done(f"The daemon is back. getResult says [bold]{result['status']}[/]: {result['output']['path']}.")
        self.facts["queued"] = {"first": answer["status"], "then": result["status"], "path": result["output"]["path"]}

    async def _crash(self, assistant: Assistant) -> None:
        self.chapter("The power goes in the middle of a write")
        before = len(self._household.files())
        answers, written = await burst_and_kill(self._household, assistant, BURST)
        left = self._household.ledger()
        self.done(
            f"{BURST} commands at once; SIGKILL while the daemon wrote them. On disk: {written} of {BURST} notes."
            f" Its ledger: {counted(left)}."
        )
        await self._household.start_daemon()
        results = [await assistant.finish(answer) for answer in answers]
        files, ledger = self._household.files(), self._household.ledger()
        titles = [f"Burst {number:02}.md" for number in range(1, BURST + 1)]
        require(all(result["status"] == "done" for result in results), f"Not all were done: {results}")
        require(len(files) == before + BURST, f"There should be {before + BURST} notes: {files}")
        require(all(files.count(title) == 1 for title in titles), f"A note is lost or doubled: {files}")
        total = before + BURST + self._acted
        require(ledger == {"done": total}, f"The ledger should have {total} done commands: {ledger}")
        self.done(f"Started again, nobody helped. On disk: {BURST} of {BURST} notes. Its ledger: {counted(ledger)}.")
        self.done("Each command is done, and each note is there exactly once: nothing lost, nothing twice.")
        self.facts["crash"] = {
            "commands": BURST,
            "notes_at_the_kill": written,
            "ledger_at_the_kill": left,
            "ledger": ledger,
            "notes": files,
        }

    async def _draft(self, assistant: Assistant) -> None:
        self.chapter("“Let an AI write me a note about that.”")
        if MODEL not in await self._household.providers():
            self.done(
                "This relay has no model of its own: its packages, deskbell\\[local], are not made for this machine."
            )
            self.facts["draft"] = None
            return
        self.done(
            "The relay runs a small real model on this machine. No key, no network; any other provider works alike."
        )
        began = time.perf_counter()
        answer = await assistant.call("draftNote", {"title": DRAFT, "prompt": PROMPT, "provider": MODEL}, wait_s=0)
        path = self._household.notes / f"{DRAFT}.md"
        ended = asyncio.create_task(assistant.finish(answer))
        growth = await shown_while_it_grows(self._console, path, ended)
        result = await ended
        spent = time.perf_counter() - began
        require(result["status"] == "done", f"The note was not drafted: {result}")
        output, text = result["output"], path.read_text(encoding="utf-8")
        self._console.print(
            Panel(text.strip(), title=str(path), title_align="left", border_style="dim"), highlight=False, markup=False
        )
        require("tokens_per_s" in output, f"That was no stream of tokens: {output}")
        self.done(
            f"[bold]{output['tokens']} tokens[/], the first after [bold]{output['ttft_ms']:.0f} ms[/] (the model had to be"
            f" loaded), then [bold]{output['tokens_per_s']:g} tokens/s[/]; {spent:.1f} s in all. The note could be read in"
            f" {growth} states before it was whole."
        )
        self.facts["draft"] = {**output, "text": text, "states": growth, "seconds": round(spent, 1)}


async def shown_while_it_grows(console: Console, path: Path, ended: asyncio.Task[Any]) -> int:
    """Show the file's end while it changes, until `ended`; in how many unfinished states it was seen."""
    seen: set[int] = set()
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while not ended.done():
            await asyncio.wait({ended}, timeout=LOOK_S)
            with contextlib.suppress(FileNotFoundError):
                text = await asyncio.to_thread(path.read_text, encoding="utf-8")
                if "status: drafting" in text and len(text) not in seen:
                    seen.add(len(text))
                    live.update(Text(neutral("\n".join(text.splitlines()[-LINES:]), lines=True)), refresh=True)
    return len(seen)


def counted(ledger: dict[str, int]) -> str:
    """`3 done, 9 running`."""
    return ", ".join(f"{count} {status}" for status, count in sorted(ledger.items())) or "empty"


def hop_table(hops: dict[str, str]) -> Table:
    """When the command passed each hop, in milliseconds since the relay received it."""
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("hop")
    table.add_column("after", justify="right")
    table.add_column("what happened", style="dim")
    for row in hop_rows(hops):
        table.add_row(*row)
    return table


def without_remote_fonts(svg: str) -> str:
    """The SVG's frame without the fonts that it would fetch from a stranger's server: the reader's own will do."""
    return re.sub(r"@font-face \{\{.*?\}\}", "", svg, flags=re.DOTALL).replace(
        "Fira Code", "ui-monospace, Menlo, Consolas"
    )


def require(condition: bool, sentence: str) -> None:
    """Raises Problem with `sentence` when the story does not go as it must."""
    if not condition:
        raise Problem("internal", sentence)


def stop_like_ctrl_c() -> None:
    """SIGTERM ends the demo as Ctrl-C does: with its processes and files."""
    task = asyncio.current_task()
    assert task is not None, "called from the demo's task"
    with contextlib.suppress(NotImplementedError):  # Windows has no such signal
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


async def run(console: Console, folder: Path) -> dict[str, Any]:
    """Tell the story in `folder`, and leave no process behind; its facts."""
    household = Household(folder)
    demo = Demo(console, household)
    stop_like_ctrl_c()
    try:
        await demo.tell()
    except Problem:
        for child in (household.relay, household.daemon):
            sys.stderr.write(f"\nThe end of the {child.name}'s log:\n{neutral(child.tail(), lines=True)}\n\n")
        raise
    finally:
        await household.stop()
    return demo.facts


def demo(*, as_json: bool = False, keep: bool = False, record: Path | None = None) -> dict[str, Any]:
    """Run it from beginning to end. `keep` leaves the folder, `record` writes the terminal's picture as SVG."""
    console = Console(
        file=io.StringIO() if as_json else None,
        record=record is not None,
        force_terminal=True if record is not None and as_json else None,
        width=110 if record is not None else None,
    )
    folder = Path(tempfile.mkdtemp(prefix="deskbell-demo-"))
    console.print(
        "[bold]Deskbell[/]: an assistant acts on your own laptop. All of it runs here, on loopback.", highlight=False
    )
    began = time.perf_counter()
    try:
        facts = asyncio.run(run(console, folder))
    except asyncio.CancelledError:
        raise SystemExit(128 + signal.SIGTERM) from None
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    facts["seconds"] = round(time.perf_counter() - began, 1)
    console.print()
    console.print(
        f"[green]✓[/] [bold]Done in {facts['seconds']} s.[/] Nothing is left behind." if not keep else f"Kept: {folder}"
    )
    if record is not None:
        record.write_text(
            console.export_svg(title="deskbell demo", code_format=without_remote_fonts(CONSOLE_SVG_FORMAT))
        )
    if as_json:
        print(json.dumps(facts))  # noqa: T201 - the command's output
    return facts
