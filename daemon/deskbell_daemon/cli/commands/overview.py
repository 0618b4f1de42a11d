"""`deskbell status` and `log`: how things stand, and what was done."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from deskbell_daemon.cli.options import PROFILE, Json, Profile, with_daemon
from deskbell_daemon.cli.terminal import Terminal

if TYPE_CHECKING:
    from deskbell_daemon.local.client import LocalClient

STATES = {
    "unpaired": "not paired: deskbell pair RELAY_URL",
    "connecting": "connecting",
    "open": "connected",
    "waiting": "not connected; trying again",
    "needs_pairing": "the relay no longer accepts this laptop: deskbell unpair, then pair",
    "stopped": "stopping",
}


def status(profile: Profile = PROFILE, as_json: Json = False) -> None:
    """How the daemon and its line to the relay are."""
    found = with_daemon(profile, lambda daemon: daemon.get("/v1/status"))
    connection, commands = found["connection"], found["commands"]
    line = STATES.get(connection["state"], connection["state"])
    if connection["state"] == "open" and not connection["connected"]:
        line = "silent: nothing heard for too long"
    if connection.get("last_heard_s_ago") is not None:
        line += f" (heard {connection['last_heard_s_ago']:.0f} s ago)"
    rows = [
        ("relay", found["relay"] or "none"),
        ("line", line),
        ("device", found["device_name"]),
        ("notes", found["notes_folder"]),
        ("keys", found["secrets"]),
        ("actions", ", ".join(found["local_actions"]) or "none of your own: deskbell action"),
        ("commands", ", ".join(f"{count} {state}" for state, count in commands.items() if count) or "none yet"),
        ("waiting", f"{found['waiting']} for your answer"),
        ("daemon", f"{found['version']}, process {found['pid']}, profile {found['profile']}"),
    ]
    if found["paused"]:
        rows.insert(0, ("PAUSED", "every command is refused: deskbell resume"))
    rows += [
        (name, f"{problem['detail']} {problem.get('next_step') or ''}")
        for name, problem in (
            ("line problem", connection["problem"]),
            ("notes problem", found["notes_problem"]),
            ("settings problem", found["settings_problem"]),
            ("audit problem", found["audit_problem"]),
            *((f"action {name}", problem) for name, problem in found["local_problems"].items()),
        )
        if problem
    ]
    terminal = Terminal(as_json)
    terminal.emit(found, terminal.table(("", ""), rows))


def log(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many, the newest first.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what happens now, a line each.")] = False,
    profile: Profile = PROFILE,
    as_json: Json = False,
) -> None:
    """What assistants had done on this laptop. With --json --follow: JSON lines."""
    terminal = Terminal(as_json)
    found = with_daemon(profile, lambda daemon: daemon.get(f"/v1/log?limit={limit}"))
    rows = [row_of(entry) for entry in found["commands"]]
    if not follow:
        table = terminal.table(("when (UTC)", "assistant", "action", "status", "id"), rows)
        terminal.emit(found, table if rows else "Nothing has been done yet.")
        return
    for entry in reversed(found["commands"]):
        show_line(terminal, "command", entry)

    async def listen(daemon: "LocalClient") -> None:
        async for name, data in daemon.events():
            show_line(terminal, name, data)

    with_daemon(profile, listen)


def row_of(entry: dict[str, Any]) -> tuple[str, ...]:
    """One command of the log as a row."""
    error = entry.get("error") or {}
    state = f"{entry['status']}: {error['message']}" if error.get("message") else entry["status"]
    return entry["received_at"][:19].replace("T", " "), entry["assistant"], entry["action"], state, entry["id"]


def show_line(terminal: Terminal, name: str, data: dict[str, Any]) -> None:
    """One event as a line."""
    if name == "command" and "received_at" in data:
        shown = "  ".join(row_of(data))
    else:
        shown = f"{name}  " + "  ".join(f"{key}={value}" for key, value in data.items() if not isinstance(value, dict))
    terminal.emit({"event": name, "data": data}, shown)
