"""`deskbell call`: plays the assistant against the own relay, through the same doors as ChatGPT."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deskbell_daemon.cli.exits import of_status
from deskbell_daemon.cli.options import PROFILE, Json, Profile, Yes, run
from deskbell_daemon.cli.terminal import Terminal
from deskbell_wire.errors import Problem

if TYPE_CHECKING:
    from deskbell_daemon.cli.assistant import Assistant
    from deskbell_daemon.places import Places

SECRET = "call_refresh_token"  # noqa: S105 - a name, not a secret


def call(
    operation: Annotated[str, typer.Argument(metavar="OPERATION", help="Such as createNote or listNotes.")],
    arguments: Annotated[
        str, typer.Argument(metavar="JSON", help='Such as \'{"title": "Boat", "body": "…"}\'.')
    ] = "{}",
    wait: Annotated[float, typer.Option(help="Seconds to wait for the end; 0 takes the first answer.")] = 300,
    key: Annotated[str | None, typer.Option(help="An idempotency key: a repetition with it is not done twice.")] = None,
    yes: Yes = False,
    profile: Profile = PROFILE,
    as_json: Json = False,
) -> None:
    """Do as an assistant does: authorize once, send an operation to the relay, show the result and its hops."""
    from deskbell_wire.actions import BY_OPERATION

    terminal = Terminal(as_json)
    if operation not in BY_OPERATION:
        raise Problem(
            "unknown_operation",
            f"There is no operation {operation[:60]!r}.",
            next_step=f"Use one of {', '.join(BY_OPERATION)}.",
        )
    answer = run(calling(terminal, profile, operation, parsed(arguments), wait, key, yes))
    show(terminal, answer)
    if "status" in answer:
        raise typer.Exit(of_status(answer["status"]))


def parsed(text: str) -> dict[str, Any]:
    """The arguments as a JSON object. Raises Problem malformed_json."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise Problem("malformed_json", f"The arguments are not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise Problem("malformed_json", 'The arguments must be an object, such as \'{"title": "Boat"}\'.')
    return value


async def calling(
    terminal: Terminal,
    profile: str,
    operation: str,
    arguments: dict[str, Any],
    wait_s: float,
    key: str | None,
    yes: bool,
) -> dict[str, Any]:
    """The answer, final or as far as `wait_s` went."""
    from deskbell_daemon.cli.assistant import FINAL, Assistant
    from deskbell_daemon.places import find_places
    from deskbell_daemon.secrets.store import open_secrets
    from deskbell_daemon.settings import load_settings
    from deskbell_daemon.state import StateFile

    places = find_places(profile)
    state = StateFile(places).load()
    if state.relay_url is None:
        raise Problem("not_paired", "This profile is not paired with any relay.")
    secrets = open_secrets(load_settings(places), places)
    async with Assistant(state.relay_url, refresh_token=await secrets.get(SECRET)) as assistant:
        await sign_in(terminal, places, assistant, yes)
        assert assistant.refresh_token is not None, "the relay gives one with every grant"
        await secrets.set(SECRET, assistant.refresh_token)
        first_wait = None if wait_s >= 35 else int(wait_s)

        async def first_answer() -> dict[str, Any]:
            with terminal.busy(f"{operation}…"):
                return await assistant.call(operation, arguments, wait_s=first_wait, key=key)

        try:
            answer = await first_answer()
        except Problem as problem:
            if problem.code != "insufficient_scope":
                raise
            await step_up(terminal, places, assistant, yes)
            await secrets.set(SECRET, assistant.refresh_token)
            answer = await first_answer()
        if "status" not in answer or answer["status"] in FINAL or wait_s == 0:
            return answer
        with terminal.busy(f"{answer['status']}: {answer.get('message') or answer['id']}"):
            try:
                answer = await assistant.finish(answer, patience_s=wait_s)
            except TimeoutError:
                return await assistant.call("getResult", {"command_id": answer["id"]})
            finally:
                await secrets.set(SECRET, assistant.refresh_token)  # it may have changed on the way
    return answer


async def sign_in(terminal: Terminal, places: "Places", assistant: "Assistant", yes: bool) -> None:
    """With the refresh token of the last time, or as for the first time."""
    if assistant.refresh_token is not None:
        try:
            await assistant.refresh()
            return
        except Problem as problem:
            if problem.code != "invalid_token":
                raise
            tell(terminal, "The access from last time has ended; asking anew.")
    await let_in(terminal, places, assistant, yes)


async def step_up(terminal: Terminal, places: "Places", assistant: "Assistant", yes: bool) -> None:
    """The grant lacks a scope, as one from before that scope was there: ask for all of them, and give the old one back."""
    tell(terminal, "The access from last time does not include this; asking for all that there is.")
    old = assistant.refresh_token
    await let_in(terminal, places, assistant, yes)
    if old is not None:
        await assistant.give_back(old)


async def let_in(terminal: Terminal, places: "Places", assistant: "Assistant", yes: bool) -> None:
    """Through the authorization flow, which the person here approves."""
    from deskbell_daemon.cli.commands.consent import decide, facts_of
    from deskbell_daemon.local.client import LocalClient

    async with LocalClient(places) as daemon:

        async def get_code() -> str:
            return str((await daemon.post("/v1/relay/connect-code"))["code"])

        async def approve() -> None:
            waiting = (await daemon.get("/v1/relay/approvals"))["approvals"]
            ours = [asked for asked in waiting if asked["kind"] == "assistant" and asked["host"] == "127.0.0.1"]
            if not ours:
                raise Problem("request_not_found", "The relay does not show our request to this laptop.")
            asked = max(ours, key=lambda one: str(one["created_at"]))
            tell(terminal, facts_of(asked))
            try:
                allow = yes or terminal.agreed("Let this command line in as an assistant?")
            except Problem:
                await decide(daemon, asked, allow=False)
                raise
            await decide(daemon, asked, allow=allow)

        await assistant.authorize(get_code, approve)


def tell(terminal: Terminal, line: str) -> None:
    """How it goes, for a person: a program gets one document and no stories."""
    if not terminal.as_json:
        terminal.show(line, stderr=True)


def show(terminal: Terminal, answer: dict[str, Any]) -> None:
    """The answer: status, output, why not, and the hops."""
    from deskbell_daemon.cli.hops import hop_rows

    if "status" not in answer:
        terminal.emit(answer, json.dumps(answer, ensure_ascii=False, indent=2))
        return
    error = answer.get("error")
    lines = [f"{answer['status']}  {answer['action']}  {answer['id']}"]
    if error:
        lines.append(f"{error['message']} {error.get('next_step') or ''}")
    elif answer.get("message"):
        lines.append(answer["message"])
    if answer.get("output"):
        lines.append(json.dumps(answer["output"], ensure_ascii=False, indent=2))
    terminal.emit(answer, *lines, terminal.table(("hop", "after", "what happened"), hop_rows(answer.get("hops") or {})))
