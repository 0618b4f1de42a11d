"""`deskbell devices`, `grants` and `revoke`: who may reach this account, and how that ends."""

from typing import Annotated

import typer

from deskbell_daemon.cli.options import PROFILE, Json, Profile, Yes, with_daemon
from deskbell_daemon.cli.terminal import Terminal
from deskbell_wire.errors import Problem

ID = Annotated[
    str, typer.Argument(metavar="ID", help="An id of `deskbell grants` (gra_…) or `deskbell devices` (dev_…).")
]


def devices(profile: Profile = PROFILE, as_json: Json = False) -> None:
    """The account's devices, the preferred one first."""
    found = with_daemon(profile, lambda daemon: daemon.get("/v1/relay/devices"))
    rows = [
        (
            device["name"],
            device["kind"],
            "online" if device["online"] else f"offline since {(device.get('last_seen_at') or 'ever')[:16]}",
            len(device["actions"]),
            device["id"],
        )
        for device in found["devices"]
    ]
    terminal = Terminal(as_json)
    terminal.emit(found, terminal.table(("name", "kind", "state", "actions", "id"), rows))


def grants(profile: Profile = PROFILE, as_json: Json = False) -> None:
    """The assistants that were let in."""
    found = with_daemon(profile, lambda daemon: daemon.get("/v1/relay/grants"))
    rows = [
        (
            grant["name"],
            grant["host"],
            ", ".join(grant["scopes"]),
            grant["created_at"][:16],
            (grant.get("used_at") or "never")[:16],
            grant["id"],
        )
        for grant in found["grants"]
    ]
    terminal = Terminal(as_json)
    table = terminal.table(("assistant", "host", "may", "since", "last used", "id"), rows)
    terminal.emit(found, table if rows else "No assistant has been let in. Connect one with `deskbell connect`.")


def revoke(what: ID, yes: Yes = False, profile: Profile = PROFILE, as_json: Json = False) -> None:
    """Cut an assistant or a device off, at once."""
    terminal = Terminal(as_json)
    kind = {"gra": "grants", "dev": "devices"}.get(what.partition("_")[0])
    if kind is None:
        raise Problem(
            "malformed_request",
            f"{what[:60]!r} is no id of a grant (gra_…) or of a device (dev_…).",
            next_step="See `deskbell grants` and `deskbell devices`.",
        )

    def own_device() -> str | None:
        status = with_daemon(profile, lambda daemon: daemon.get("/v1/status"))
        return str(status["device_id"]) if status["device_id"] else None

    if (
        kind == "devices"
        and not yes
        and what == own_device()
        and not terminal.agreed("That is this laptop. Revoke it?")
    ):
        raise Problem("refused", "Nothing was changed.")
    with_daemon(profile, lambda daemon: daemon.delete(f"/v1/relay/{kind}/{what}"))
    terminal.emit({"revoked": what}, f"✓ Revoked {what}: it is cut off now.")
