"""`deskbell log`: what was done here, the audit log behind it, and whether that is whole."""

from collections import deque
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from deskbell_daemon.cli.commands import overview
from deskbell_daemon.cli.options import PROFILE, Json, Profile
from deskbell_daemon.cli.terminal import Terminal
from deskbell_wire.errors import Problem


def log(
    verify: Annotated[
        Literal["verify"] | None, typer.Argument(metavar="[verify]", help="Check the audit log, record by record.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many, the newest first.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what happens now, a line each.")] = False,
    audit: Annotated[bool, typer.Option("--audit", help="The audit log: asked, answered, done, changed.")] = False,
    profile: Profile = PROFILE,
    as_json: Json = False,
) -> None:
    """What assistants had done on this laptop. With --json --follow: JSON lines."""
    if verify is not None:
        check(Terminal(as_json), profile)
    elif audit:
        show(Terminal(as_json), profile, limit)
    else:
        overview.log(limit, follow, profile, as_json)


def check(terminal: Terminal, profile: str) -> None:
    """Ends with 1 when something was changed, removed, moved or cut off. Needs no daemon."""
    from deskbell_daemon.audit.verdict import verify

    folder = _folder(profile)
    try:
        verdict = verify(folder)
    except OSError as error:
        raise Problem("audit_unusable", f"The audit log in {folder} cannot be read: {error.strerror}.") from error
    if verdict.whole:
        terminal.emit(verdict.document(), f"✓ The audit log is whole: {verdict.records} records, in {folder}.")
        return
    terminal.emit(verdict.document(), *verdict.findings, f"\nThe audit log in {folder} is not whole.")
    raise typer.Exit(1)


def show(terminal: Terminal, profile: str, limit: int) -> None:
    """The newest records, the newest first. Needs no daemon."""
    from deskbell_daemon.audit.files import files, lines
    from deskbell_daemon.audit.record import Record, parse

    newest: deque[Record] = deque(maxlen=limit)
    for path in files(_folder(profile)):
        for _, line, _ in lines(path):
            try:
                newest.append(parse(line))
            except ValueError:
                continue  # `deskbell log verify` names it
    records = [record.document() for record in reversed(newest)]
    rows = [(one["n"], one["at"][:19].replace("T", " "), one["event"], _facts(one)) for one in records]
    table = terminal.table(("n", "when (UTC)", "what", "facts"), rows)
    terminal.emit({"records": records}, table if rows else "The audit log is empty: no daemon has run yet.")


def _facts(record: dict[str, Any]) -> str:
    own = {"n", "at", "event", "before", "hash", "arguments_hash", "definition"}
    return "  ".join(f"{name}={value}" for name, value in record.items() if name not in own)


def _folder(profile: str) -> Path:
    from deskbell_daemon.places import find_places

    return find_places(profile).audit_dir
