"""`deskbell relay`: runs the relay, and the operator's commands beside a running one, which sees their work in seconds."""

import asyncio
import json
import logging
import re
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Final, NoReturn, TypeVar

import structlog
import typer
from pydantic import ValidationError
from sqlalchemy import Connection, delete, insert, select, update

from deskbell_relay.__main__ import complaints, main
from deskbell_relay.oauth import grants, invites, keys, redirects
from deskbell_relay.oauth.secrets import digest, new_secret
from deskbell_relay.pages.neutral import neutral
from deskbell_relay.settings import Settings
from deskbell_relay.store import tables
from deskbell_relay.store.engine import SQLiteStore, Store, sqlite_engine
from deskbell_relay.store.identity_tables import clients, requests, signing_keys
from deskbell_relay.store.schema import migrate, new_epoch
from deskbell_wire.actions import SCOPES
from deskbell_wire.clock import SECOND, now_us, to_timestamp
from deskbell_wire.errors import Problem
from deskbell_wire.ids import new_id

T = TypeVar("T")

app = typer.Typer(help="Run a relay, and look after it.", invoke_without_command=True)
client_app = typer.Typer(help="The assistants' OAuth clients, such as a custom GPT's Action.", no_args_is_help=True)
keys_app = typer.Typer(help="The keys that sign access tokens.", no_args_is_help=True)
app.add_typer(client_app, name="client")
app.add_typer(keys_app, name="keys")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
LONGEST_S: Final = 30 * 86_400
GPT_HOSTS: Final = ("chatgpt.com", "chat.openai.com")
"""ChatGPT sends the browser back to either."""


@app.callback()
def relay(context: typer.Context) -> None:
    """Run the relay until it is told to stop. Settings are DESKBELL_* in the environment."""
    if context.invoked_subcommand is None:
        raise typer.Exit(main())


RedirectUris = Annotated[list[str] | None, typer.Option("--redirect-uri", help="Exactly as the assistant sends it.")]
Gpt = Annotated[str | None, typer.Option("--gpt", help="A custom GPT's id, such as g-abc123: registers its callbacks.")]


@client_app.command("add")
def client_add(
    name: Annotated[str, typer.Argument(help="What people see, such as 'My GPT'.")],
    redirect_uri: RedirectUris = None,
    gpt: Gpt = None,
    as_json: Json = False,
) -> None:
    """Register an assistant. Its secret is shown once.

    The GPT editor tells the callback only after it has the secret: register without one, then use `client change`.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= 200 or not name.isprintable():
        fail("The name must be 1 to 200 printable characters.")
    addresses = checked_addresses(redirect_uri, gpt)
    client_id, secret = f"gpt-{new_id('req').removeprefix('req_')}", new_secret()
    row = {
        "id": client_id,
        "name": name,
        "secret_hash": digest(secret),
        "redirect_uris": addresses,
        "created_at": now_us(),
    }
    on_database(
        lambda store, _: store.write(lambda connection: connection.execute(insert(clients).values(row)).rowcount)
    )
    issuer = settings_or_exit().issuer
    paste = {
        "Import the schema from": f"{issuer}/openapi.json",
        "Privacy policy": f"{issuer}/privacy",
        "Authentication": "OAuth",
        "Client ID": client_id,
        "Client Secret": secret,
        "Authorization URL": f"{issuer}/oauth/authorize",
        "Token URL": f"{issuer}/oauth/token",
        "Scope": " ".join(SCOPES),
        "Token Exchange Method": "Default (POST request)",
    }
    say(
        as_json,
        {"client_id": client_id, "client_secret": secret, "redirect_uris": row["redirect_uris"], "gpt_editor": paste},
        ["Paste this into the GPT editor. The secret is shown this once.", ""]
        + [f"  {label + ':':<24}{value}" for label, value in paste.items()]
        + ([] if addresses else ["", f"Then tell its callback: deskbell relay client change {client_id} --gpt g-…"]),
    )


@client_app.command("change")
def client_change(client_id: str, redirect_uri: RedirectUris = None, gpt: Gpt = None, as_json: Json = False) -> None:
    """Replace an assistant's callback addresses: a custom GPT gets a new one when its OAuth settings are edited."""
    addresses = checked_addresses(redirect_uri, gpt)
    if not addresses:
        fail("Name the new addresses with --redirect-uri, or the GPT's id with --gpt.")
    change = update(clients).where(clients.c.id == client_id).values(redirect_uris=addresses)
    if write(lambda connection: connection.execute(change).rowcount) == 0:
        fail(f"There is no client {client_id}. See: deskbell relay client list")
    say(as_json, {"client_id": client_id, "redirect_uris": addresses}, ["Its answers now go to:", *addresses])


@client_app.command("list")
def client_list(as_json: Json = False) -> None:
    """The assistants that you added and those that came by themselves and were allowed, with how many grants each."""
    held = select(tables.grants.c.client_id).where(tables.grants.c.revoked_at.is_(None))
    rows = read(lambda connection: connection.execute(select(clients).order_by(clients.c.created_at)).all())
    holders = read(lambda connection: list(connection.execute(held).scalars()))
    found = [
        {
            "id": row.id,
            "name": row.name,
            "origin": row.origin,
            "redirect_uris": row.redirect_uris,
            "created_at": to_timestamp(row.created_at),
            "grants": holders.count(row.id),
        }
        for row in rows
        if row.origin == "operator" or row.id in holders  # not the many that only asked
    ]
    lines = [
        f"{item['id']}  {neutral(item['name'])}  ({item['grants']} grants)\n    " + "\n    ".join(item["redirect_uris"])
        for item in found
    ]
    say(as_json, {"clients": found}, lines or ["No clients yet: deskbell relay client add NAME"])


@client_app.command("remove")
def client_remove(client_id: str, as_json: Json = False) -> None:
    """Remove an assistant. Everything that it was granted ends."""
    ended = write(lambda connection: remove_client(connection, client_id))
    if ended is None:
        fail(f"There is no client {client_id}. See: deskbell relay client list")
    say(as_json, {"removed": client_id, "grants_ended": ended}, [f"Removed {client_id}; {ended} grants ended."])


@app.command()
def invite(
    expires_in: Annotated[str, typer.Option(help="Such as 30m, 24h or 7d.")] = "24h",
    as_json: Json = False,
) -> None:
    """Make an invite: with it, one person pairs a first laptop."""
    lifetime_us = seconds_of(expires_in) * SECOND
    text, expires_at = write(lambda connection: invites.create(connection, lifetime_us=lifetime_us))
    settings = settings_or_exit()
    command = f"deskbell pair {settings.issuer} --invite {text}"
    until = to_timestamp(expires_at)
    lines = [f"Valid once, until {until}:", f"  {command}"]
    if settings.registration != "invite":
        lines.append(f"DESKBELL_REGISTRATION is {settings.registration}: invites are looked at only when it is invite.")
    say(as_json, {"invite": text, "expires_at": until, "command": command}, lines)


@keys_app.command("rotate")
def keys_rotate(
    at_once: Annotated[bool, typer.Option(help="For a key that has leaked: the old ones end now.")] = False,
    as_json: Json = False,
) -> None:
    """Make a new signing key. The old one is believed until its last token has expired."""
    kid = on_database(lambda store, settings: keys.rotate(store, settings, at_once=at_once))
    say(as_json, {"kid": kid}, [f"The new key is {kid}. Running relays take it over within a minute."])


@keys_app.command("list")
def keys_list(as_json: Json = False) -> None:
    """The signing keys. None of them is shown, only when it is used."""
    columns = (signing_keys.c.kid, signing_keys.c.created_at, signing_keys.c.active_from, signing_keys.c.retires_at)
    rows = read(lambda connection: connection.execute(select(*columns).order_by(signing_keys.c.active_from)).all())
    found = [
        {
            "kid": row.kid,
            "created_at": to_timestamp(row.created_at),
            "active_from": to_timestamp(row.active_from),
            "retires_at": None if row.retires_at is None else to_timestamp(row.retires_at),
        }
        for row in rows
    ]
    lines = [
        f"{k['kid']}  signs from {k['active_from']}, ends {k['retires_at'] or 'with its successor'}" for k in found
    ]
    say(as_json, {"keys": found}, lines or ["No keys yet: the relay makes one at its first start."])


@app.command()
def restored(as_json: Json = False) -> None:
    """After restoring a backup: begin a new epoch, so that no device takes old events for ones that it has seen."""
    epoch = write(new_epoch)
    say(as_json, {"epoch": epoch}, [f"The new epoch is {epoch}. Start the relay now, or restart it if it runs."])


def remove_client(connection: Connection, client_id: str) -> int | None:
    """Delete a client, end its requests and grants; how many grants, or None when there is no such client."""
    if connection.execute(delete(clients).where(clients.c.id == client_id)).rowcount == 0:
        return None
    connection.execute(
        update(requests)
        .where(requests.c.client_id == client_id, requests.c.status.in_(("open", "pending", "approved")))
        .values(status="denied")
    )
    held = connection.execute(
        select(tables.grants.c.id, tables.grants.c.account_id).where(
            tables.grants.c.client_id == client_id, tables.grants.c.revoked_at.is_(None)
        )
    ).all()
    for grant in held:
        grants.revoke(connection, grant.account_id, grant.id)
    return len(held)


def checked_addresses(redirect_uris: Sequence[str] | None, gpt: str | None) -> list[str]:
    """The callbacks to register. Exits with a sentence for one that may not be."""
    addresses = list(redirect_uris or ())
    if gpt is not None:
        if re.fullmatch(r"g-[A-Za-z0-9-]{1,100}", gpt) is None:
            fail(f"{gpt!r} is no GPT's id: it looks like g-abc123, and stands in the callback that the editor shows.")
        addresses += [f"https://{host}/aip/{gpt}/oauth/callback" for host in GPT_HOSTS]
    for uri in addresses:
        check_redirect_uri(uri)
    return list(dict.fromkeys(addresses))


def check_redirect_uri(uri: str) -> None:
    """Exit unless the address may be registered."""
    problem = redirects.problem_with(uri)
    if problem is not None:
        fail(f"{uri!r} cannot be a redirect URI: it {problem}. Give it exactly as the assistant shows it.")


def seconds_of(text: str) -> int:
    """Seconds of `30m`, `24h` or `7d`. Exits with a sentence for anything else."""
    match = re.fullmatch(r"([1-9][0-9]{0,6})([smhd])", text.strip())
    seconds = int(match[1]) * UNITS[match[2]] if match else 0
    if not 0 < seconds <= LONGEST_S:
        fail(f"{text!r} is no time such as 30m, 24h or 7d (30 days at the most).")
    return seconds


def read(operation: Callable[[Connection], T]) -> T:
    """Read the database of the settings."""
    return on_database(lambda store, _: store.read(operation))


def write(operation: Callable[[Connection], T]) -> T:
    """Change the database of the settings."""
    return on_database(lambda store, _: store.write(operation))


def on_database(work: Callable[[Store, Settings], Awaitable[T]]) -> T:
    """Do `work` on the database of the settings, made if it is not there yet. Exits with a sentence when it cannot be."""
    settings = settings_or_exit()
    quiet = structlog.make_filtering_bound_logger(logging.ERROR)
    structlog.configure(wrapper_class=quiet, logger_factory=structlog.PrintLoggerFactory(sys.stderr))

    async def run() -> T:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        engine = sqlite_engine(settings.database)
        try:
            migrate(engine)
        finally:
            engine.dispose()
        store = SQLiteStore(settings.database)
        try:
            return await work(store, settings)
        finally:
            await store.close()

    try:
        return asyncio.run(run())
    except Problem as problem:
        fail(f"{problem.detail} {problem.next_step}")
    except OSError as error:
        fail(f"{settings.data_dir} cannot be used: {error.strerror}.")


def settings_or_exit() -> Settings:
    """The settings; exit code 2 with a line for each that cannot be."""
    try:
        return Settings()
    except ValidationError as error:
        typer.echo("\n".join(complaints(error)), err=True)
        raise typer.Exit(2) from None


def say(as_json: bool, document: dict[str, Any], lines: Sequence[str]) -> None:
    """Print for a program or for a person."""
    typer.echo(json.dumps(document, ensure_ascii=False) if as_json else "\n".join(lines))


def fail(sentence: str) -> NoReturn:
    """Say what is wrong, and end with exit code 1."""
    typer.echo(sentence, err=True)
    raise typer.Exit(1)
