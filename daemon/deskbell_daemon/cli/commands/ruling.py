"""`deskbell rules`, `panic` and `open`: what is always allowed, the end of everything at once, and the pages."""

import sys
import webbrowser
from typing import Annotated, Literal

import typer

from deskbell_daemon.cli.options import PROFILE, Json, Profile, with_daemon
from deskbell_daemon.cli.terminal import Terminal
from deskbell_wire.errors import Problem

Page = Literal["requests", "connect", "access", "rules"]


def rules(
    revoke: Annotated[
        Literal["revoke"] | None, typer.Argument(metavar="[revoke ID]", help="Take a rule back, at once.")
    ] = None,
    rule: Annotated[str | None, typer.Argument(metavar="", help="The rule's id.", show_default=False)] = None,
    profile: Profile = PROFILE,
    as_json: Json = False,
) -> None:
    """What you have allowed for good. Rules are given on the page alone: `deskbell open`."""
    terminal = Terminal(as_json)
    if revoke is not None:
        if rule is None:
            raise Problem("malformed_request", "Say which rule: deskbell rules revoke ID.")
        if not (rule.isascii() and rule.replace("_", "").isalnum() and len(rule) <= 64):
            raise Problem("rule_not_found", f"{rule[:60]!r} is no id of a rule.")
        document = with_daemon(profile, lambda daemon: daemon.delete(f"/v1/rules/{rule}"))
        terminal.emit(document, f"✓ Revoked {rule}: you are asked again.")
        return
    found = with_daemon(profile, lambda daemon: daemon.get("/v1/rules"))
    rows = [
        (
            one["title"],
            one["action"],
            f"{one['assistant']} ({one['host']})",
            one["expires_at"][:16].replace("T", " "),
            one["id"],
        )
        for one in found["rules"]
    ]
    table = terminal.table(("what", "action", "for", "until (UTC)", "id"), rows)
    terminal.emit(found, table if rows else "No rules: whatever needs your consent is asked each time.")


def panic(profile: Profile = PROFILE, as_json: Json = False) -> None:
    """Stop everything: refuse what waits and what comes, and end the programs that run."""
    answer = with_daemon(profile, lambda daemon: daemon.post("/v1/panic"))
    Terminal(as_json).emit(
        answer, "✓ Everything was refused and what ran was told to stop. Go on with `deskbell resume`."
    )


def open_page(
    page: Annotated[Page, typer.Argument(metavar="[PAGE]", help="requests, connect, access or rules.")] = "requests",
    show: Annotated[
        bool, typer.Option("--print", help="Only print the address; it is good once, for a minute.")
    ] = False,
    profile: Profile = PROFILE,
    as_json: Json = False,
) -> None:
    """Open Deskbell's page in your browser: what waits, connecting, who has access, what is always allowed."""
    answer = with_daemon(profile, lambda daemon: daemon.post("/v1/pages", {"page": page}))
    terminal = Terminal(as_json)
    opened = not show and not as_json and sys.stdout.isatty() and webbrowser.open(answer["url"])
    terminal.emit(answer, "✓ Opened in your browser." if opened else answer["url"])
