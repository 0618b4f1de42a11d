"""`deskbell connect`: how an assistant comes to this laptop."""

import json
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deskbell_daemon.cli.clients import BY_NAME, Name, gpt_editor
from deskbell_daemon.cli.commands.consent import decide, facts_of
from deskbell_daemon.cli.options import PROFILE, Json, Profile, with_daemon
from deskbell_daemon.cli.terminal import Terminal
from deskbell_wire.errors import Problem

if TYPE_CHECKING:
    from rich.console import RenderableType

    from deskbell_daemon.local.client import LocalClient


def connect(
    client: Annotated[
        Name | None, typer.Argument(metavar="CLIENT", help="What you connect; without it: the code.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait for the assistant and ask here (only at a terminal).")
    ] = True,
    profile: Profile = PROFILE,
    as_json: Json = False,
) -> None:
    """Connect an assistant: shows what to do in CLIENT, for this relay, and the code to type into its page."""
    terminal = Terminal(as_json)

    async def get_code(daemon: "LocalClient") -> tuple[dict[str, Any], str]:
        status = await daemon.get("/v1/status")
        return await daemon.post("/v1/relay/connect-code"), str(status["relay"])

    made, relay = with_daemon(profile, get_code)
    fresh = {"code": made["code"], "expires_at": made["expires_at"]}
    drawn = terminal.drawn(made["code"])
    code = f"Connect code:  {made['code']}   (once, until {made['expires_at'][11:16]} UTC)"
    if client is None:
        editor = gpt_editor(relay)
        terminal.emit(
            fresh | {"relay": relay, "mcp_url": f"{relay}/mcp", "gpt_editor": editor, "clients": list(BY_NAME)},
            code,
            *drawn,
            "Type it into the page that the assistant opens, and approve the assistant on this laptop.\n",
            f"Any MCP client takes this address alone:  {relay}/mcp",
            f"What to do in yours, step by step:  deskbell connect {'|'.join(BY_NAME)}\n",
            "For a custom GPT's Action, paste this into the GPT editor:",
            terminal.table(("field", "value"), editor.items()),
        )
    else:
        document = BY_NAME[client].document(relay) | fresh
        terminal.emit(document, *shown(terminal, document), f"\n{code}", *drawn)
    if wait and terminal.interactive:
        approve_when_asked(terminal, profile)


def shown(terminal: Terminal, document: dict[str, Any]) -> "list[RenderableType]":
    """A client's document for a person: steps, then whatever is to be pasted or opened, on lines of its own."""
    parts: list[RenderableType] = [f"Connect {document['title']} to {document['relay']}\n"]
    if "notice" in document:
        parts.append(f"! {document['notice']}\n")
    parts += [f"{number}. {step}" for number, step in enumerate(document["steps"], 1)]
    if "values" in document:
        parts += ["", terminal.table(("field", "value"), document["values"].items())]
    if "link" in document:
        parts.append(f"\nOpen:\n{document['link']}")
    if "command" in document:
        parts.append(f"\nRun:\n{document['command']}")
    if "config" in document:
        parts.append(f"\n{document['config_file']}:\n{json.dumps(document['config'], indent=2)}")
    return parts


def approve_when_asked(terminal: Terminal, profile: str) -> None:
    """Wait until an assistant asks, show it, and take the person's answer."""

    async def inside(daemon: "LocalClient") -> None:
        with terminal.busy("Waiting for the assistant… (Ctrl-C ends the waiting, not the code)"):
            asked = await next_assistant(daemon)
        terminal.show(facts_of(asked), stderr=True)
        answer = await decide(daemon, asked, allow=terminal.agreed("Let it in?"))
        terminal.show(f"✓ {answer['answer'].capitalize()}: {answer['name']}.")

    with_daemon(profile, inside)


async def next_assistant(daemon: "LocalClient") -> dict[str, Any]:
    """The assistant that asks now or next. Raises Problem daemon_not_running when the daemon stops meanwhile."""
    async with aclosing(daemon.events()) as events:
        async for name, data in events:
            if name == "approval" and data["status"] == "pending":
                return dict(data)
            if name == "status":  # it listens from here on; what came before is asked for
                for asked in (await daemon.get("/v1/relay/approvals"))["approvals"]:
                    if asked["kind"] == "assistant":
                        return dict(asked)
    raise Problem("daemon_not_running", "The daemon stopped meanwhile.")
