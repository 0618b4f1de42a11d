"""`deskbell requests`, `approve` and `refuse`: what waits for the person at this laptop, and the answer."""

import json
import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deskbell_daemon.cli.options import PROFILE, Json, Profile, Yes, with_daemon
from deskbell_daemon.cli.terminal import Terminal
from deskbell_wire.errors import Problem

if TYPE_CHECKING:
    from deskbell_daemon.local.client import LocalClient

Hour = Annotated[bool, typer.Option("--hour", help="For a command: also the next ones like it, for an hour.")]


SHOWN_WHOLE = 3
"""So many are shown with all their arguments; of more, one line each."""


def requests(
    what: Annotated[str | None, typer.Argument(metavar="[ID]", help="Only that one, with its exact arguments.")] = None,
    profile: Profile = PROFILE,
    as_json: Json = False,
) -> None:
    """What waits for your answer: commands, assistants and devices."""
    terminal = Terminal(as_json)
    waiting = with_daemon(profile, everything_that_waits)
    if waiting["problem"]:
        terminal.show(f"The relay's part is missing: {waiting['problem']['detail']}", stderr=True)
    found = [*waiting["approvals"], *waiting["requests"]]
    if what is not None:
        found = [item for item in found if item["id"] == what]
        if not found:
            raise Problem("request_not_found", f"Nothing waits under {what[:60]!r}.")
        terminal.emit(found[0], f"{what}\n{facts_of(found[0])}")
        return
    if not found:
        terminal.emit(waiting, "Nothing waits for you.")
        return
    if len(found) <= SHOWN_WHOLE:
        shown: list[Any] = [f"{item['id']}\n{facts_of(item)}\n" for item in found]
    else:
        shown = [terminal.table(("id", "who", "wants"), [(item["id"], *summary(item)) for item in found])]
        shown.append("\nSee one of them whole with `deskbell requests ID`, or all with `deskbell open`.")
    terminal.emit(waiting, *shown, "Answer with `deskbell approve ID` or `deskbell refuse ID`.")


def approve(
    what: Annotated[
        str | None, typer.Argument(metavar="[CODE|ID]", help="An id of `deskbell requests`, or a device's code.")
    ] = None,
    hour: Hour = False,
    yes: Yes = False,
    profile: Profile = PROFILE,
    as_json: Json = False,
) -> None:
    """Allow a command, or let an assistant or a device in. Without an argument: the one thing that waits."""
    terminal = Terminal(as_json)

    async def inside(daemon: "LocalClient") -> dict[str, Any]:
        asked, named = await find(daemon, what)
        if hour and asked.get("kind") is not None:
            raise Problem("malformed_request", "--hour is for commands; an assistant or a device is let in or not.")
        # Whoever typed an id has seen what it stands for; what a code stands for is seen only now.
        if not named and not yes:
            terminal.show(facts_of(asked), stderr=True)
            if not terminal.agreed("Allow it?"):
                return await decide(daemon, asked, allow=False)
        return await decide(daemon, asked, allow=True, scope="hour" if hour else "once")

    answer = with_daemon(profile, inside)
    if answer["answer"] == "refused":
        terminal.emit(answer, f"✓ Refused: {answer['id']}.")
        raise typer.Exit(0)
    terminal.emit(answer, f"✓ Approved: {answer['name']} ({answer['id']}).")


def refuse(
    what: Annotated[str, typer.Argument(metavar="ID", help="An id of `deskbell requests`.")],
    profile: Profile = PROFILE,
    as_json: Json = False,
) -> None:
    """Refuse a command, an assistant or a device."""

    async def inside(daemon: "LocalClient") -> dict[str, Any]:
        asked, _ = await find(daemon, what)
        return await decide(daemon, asked, allow=False)

    answer = with_daemon(profile, inside)
    Terminal(as_json).emit(answer, f"✓ Refused: {answer['name']} ({answer['id']}).")


async def everything_that_waits(daemon: "LocalClient") -> dict[str, Any]:
    """`requests` of the daemon, `approvals` of the relay; `problem` says why the latter could not be had."""
    local = await daemon.get("/v1/requests")
    approvals: list[dict[str, Any]] = []
    problem = None
    try:
        approvals = (await daemon.get("/v1/relay/approvals"))["approvals"]
    except Problem as raised:
        problem = raised.document()  # the daemon's own requests can be answered without the relay
    return {**local, "approvals": approvals, "problem": problem}


async def find(daemon: "LocalClient", what: str | None) -> tuple[dict[str, Any], bool]:
    """What waits under an id or a code, or alone; and whether it was named by its id."""
    if what is not None and is_code(what):
        return await daemon.post("/v1/relay/approvals/claim", {"user_code": what}), False
    waiting = await everything_that_waits(daemon)
    found = [*waiting["approvals"], *waiting["requests"]]
    if what is not None:
        named = [item for item in found if item["id"] == what]
        if not named:
            raise Problem("request_not_found", f"Nothing waits under {what[:60]!r}.")
        return named[0], True
    if len(found) != 1:
        detail = "Nothing waits for an answer." if not found else f"{len(found)} things wait; say which one."
        raise Problem("request_not_found", detail)
    return found[0], False


async def decide(daemon: "LocalClient", asked: dict[str, Any], *, allow: bool, scope: str = "once") -> dict[str, Any]:
    """Give the answer, to the daemon for a command and to the relay for an assistant or a device."""
    name = asked.get("name") or asked.get("title")
    answer = {"id": asked["id"], "name": name, "answer": "approved" if allow else "refused"}
    if asked.get("kind") is not None:
        await daemon.post(f"/v1/relay/approvals/{asked['id']}/{'approve' if allow else 'deny'}")
        return answer
    # The definition: what was just shown is what is allowed, or nothing.
    body = {"for": scope, "definition": asked["definition"]} if allow else {}
    await daemon.post(f"/v1/requests/{asked['id']}/{'approve' if allow else 'refuse'}", body)
    return {**answer, "for": scope} if allow else answer


def summary(asked: dict[str, Any]) -> tuple[str, str]:
    """Who asks, and for what, in one line each."""
    if asked.get("kind") == "device":
        number = f"; it must show {asked['digits']}" if asked.get("digits") else ""
        return f"{asked['name']} (from {asked['host']}{number})", "to join as a device: " + ", ".join(asked["actions"])
    if asked.get("kind") == "assistant":
        return f"{asked['name']} ({asked['host']})", "to be let in: " + ", ".join(asked["scopes"])
    arguments = json.dumps(asked["arguments"], ensure_ascii=False)
    cut = f"{arguments[:200]}… ({len(arguments):,} characters)" if len(arguments) > 200 else arguments
    return asked["assistant"]["name"], f"{asked['title']}: {cut}"


def facts_of(asked: dict[str, Any]) -> str:
    """What a person must know before the answer: who, from where, and exactly what."""
    if asked.get("kind") is not None:
        scopes = ", ".join(asked["scopes"]) or "no scopes"
        who = "A device" if asked["kind"] == "device" else "An assistant"
        able = f"\n  It can:   {', '.join(asked['actions'])}" if asked.get("actions") else ""
        same = (
            f"\n  Number:   {asked['digits']}. Say yes only if the extension shows the same."
            if asked.get("digits")
            else ""
        )
        first = f"{who} asks to be let in:\n  Calls itself: {asked['name']}\n  Host:     {asked['host']}"
        return f"{first}\n  Wants:    {scopes}{able}{same}"
    arguments = json.dumps(asked["arguments"], ensure_ascii=False, indent=2)
    parts = [f"{asked['assistant']['name']} ({asked['assistant']['host']}) wants: {asked['title']}"]
    if asked.get("note"):
        parts.append(f"! {asked['note']}")
    if asked.get("words"):
        parts.append(f"  Runs: {shlex.join(asked['words'])}")
    if asked.get("diff"):
        parts.append(asked["diff"])
    return "\n".join([*parts, arguments])


def is_code(text: str) -> bool:
    """Whether it looks like a code for people, such as WDJB-MJHT."""
    from deskbell_wire.pairing import CODE_ALPHABET, CODE_CHARACTERS, letters_of

    letters = letters_of(text)
    return len(letters) == CODE_CHARACTERS and set(letters) <= set(CODE_ALPHABET)
