"""`deskbell action`: the local actions of this laptop: which there are, whether they work, and new ones."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deskbell_daemon.cli.exits import ExitCode
from deskbell_daemon.cli.options import PROFILE, Json, Profile, run
from deskbell_daemon.cli.terminal import Terminal
from deskbell_wire.errors import Problem

if TYPE_CHECKING:
    from deskbell_daemon.local_actions.child import Ending
    from deskbell_daemon.local_actions.definition import ActionTable

app = typer.Typer(help="What assistants may run on this laptop: list, test, add.", no_args_is_help=True)


@app.command("list")
def list_all(profile: Profile = PROFILE, as_json: Json = False) -> None:
    """The actions of the settings, and those that can be added by name."""
    from deskbell_daemon.local_actions.catalogue import look_up
    from deskbell_daemon.local_actions.starter import starters
    from deskbell_daemon.places import find_places
    from deskbell_daemon.settings import load_settings

    settings = load_settings(find_places(profile))
    found = look_up(settings.action)
    actions = [
        {
            **table.declared(name).model_dump(mode="json", exclude_none=True),
            "argv": list(table.argv),
            "consent": table.consent,
            "problem": found.problems[name].document() if name in found.problems else None,
        }
        for name, table in settings.action.items()
    ]
    more = [starter for starter in starters().values() if starter.name not in settings.action]
    terminal = Terminal(as_json)
    document = {"actions": actions, "starters": [{"name": s.name, "description": s.description} for s in more]}
    shown: list[Any] = []
    if actions:
        rows = [
            (a["name"], signature(a), a["consent"] or "by [consent]", (a["problem"] or {}).get("detail", "ready"))
            for a in actions
        ]
        shown.append(terminal.table(("action", "takes", "consent", "state"), rows))
    else:
        shown.append("There are no actions yet.")
    if more:
        shown += [
            "\nTo add, with `deskbell action add NAME`:",
            terminal.table(("", ""), [(s.name, s.description) for s in more]),
        ]
    terminal.emit(document, *shown)


@app.command("test")
def try_out(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An action of `deskbell action list`.")],
    values: Annotated[
        list[str] | None, typer.Argument(metavar="[PARAMETER=VALUE]...", help="As an assistant would give them.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be executed.")] = False,
    profile: Profile = PROFILE,
    as_json: Json = False,
) -> None:
    """Run an action as an assistant would have it run: same checks, same environment, same limits. Nobody is asked."""
    from pydantic import ValidationError

    from deskbell_daemon.local_actions.catalogue import LocalActions, look_up
    from deskbell_daemon.places import find_places
    from deskbell_daemon.settings import load_settings
    from deskbell_wire.local import RunLocalAction

    terminal = Terminal(as_json)
    actions = LocalActions(look_up(load_settings(find_places(profile)).action))
    try:
        args = RunLocalAction.model_validate({"name": name, "parameters": dict(pairs(values or []))})
    except ValidationError as error:
        raise Problem("invalid_arguments", f"{name!r} is no action's name, or a value is too long.") from error
    words = list(actions.subject(args).words)
    if dry_run:
        terminal.emit({"name": name, "words": words, "ran": False}, "\n".join(words))
        return
    terminal.show("Runs: " + " ".join(repr(word) if " " in word or not word else word for word in words), stderr=True)
    ending = run(_run(actions, args, terminal))
    code = ending.exit_code
    document = {
        "name": name,
        "words": words,
        "ran": True,
        "ended_by": ending.by,
        "exit_code": code,
        "output": ending.output,
        "error_output": ending.error_output,
        "truncated": ending.truncated,
        "seconds": ending.seconds,
    }
    how = {"deadline": "was ended at its deadline", "stopped": "was stopped"}.get(ending.by)
    how = how or (f"ended with exit code {code}" if code is not None else "was ended by a signal")
    sign = "✓ " if ending.by == "itself" and code == 0 else ""
    printed = [text.rstrip("\n") for text in (ending.output, ending.error_output) if text.strip()]
    terminal.emit(document, *printed, f"{sign}{name} {how} after {ending.seconds:.1f} s.")
    if ending.by != "itself" or code != 0:
        raise typer.Exit(ExitCode.FAILED)


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="One of the starter set, or a new name with --argv.")],
    argv: Annotated[
        list[str] | None,
        typer.Option("--argv", help="One word of what is executed; again for the next. {p}: a parameter."),
    ] = None,
    description: Annotated[str | None, typer.Option(help="By it, the assistant chooses the action.")] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME:KIND[:TEXT]", help="text, number, path, date, or choice with its choices: a,b,c."),
    ] = None,
    root: Annotated[str | None, typer.Option(help="The folder in which paths must lie.")] = None,
    folder: Annotated[str | None, typer.Option(help="The working folder.")] = None,
    timeout: Annotated[float | None, typer.Option(help="Seconds it may take.")] = None,
    consent: Annotated[str | None, typer.Option(help="ask, allow or refuse; else the rules of [consent].")] = None,
    profile: Profile = PROFILE,
    as_json: Json = False,
) -> None:
    """Put an action into the settings: one of the starter set, or your own. A running daemon takes it up at once."""
    from deskbell_daemon.local_actions.catalogue import look_up
    from deskbell_daemon.local_actions.starter import starters
    from deskbell_daemon.places import find_places
    from deskbell_daemon.settings import append_action, load_settings

    places = find_places(profile)
    settings = load_settings(places)
    if argv:
        table: dict[str, Any] = {"description": description or "", "argv": argv}
        table["parameters"] = [parameter_table(text, root) for text in parameter or []]
    else:
        known = starters()
        if name not in known:
            raise Problem(
                "action_not_found",
                f"The starter set has no {name[:60]!r}; it has {', '.join(known)}.",
                next_step="Name one of those, or say what is executed with --argv.",
            )
        table = known[name].table(settings.notes_folder, None if root is None else Path(root).expanduser())
        if description:
            table["description"] = description
    table |= {
        key: value
        for key, value in (("folder", folder), ("timeout_s", timeout), ("consent", consent))
        if value is not None
    }
    added: ActionTable = append_action(places, name, {key: value for key, value in table.items() if value != []})
    problems = look_up({name: added}).problems
    missing = [p.root for p in added.parameters if p.root is not None and not p.root.is_dir()]
    hints = [problem.detail for problem in problems.values()]
    hints += [f"The folder {path} is not there yet." for path in missing]
    terminal = Terminal(as_json)
    document = {"name": name, "file": str(places.config_file), "action": added.model_dump(mode="json"), "hints": hints}
    terminal.emit(
        document, f"✓ Added {name} to {places.config_file}.", *hints, f"Try it with `deskbell action test {name}`."
    )


async def _run(actions: Any, args: Any, terminal: Terminal) -> "Ending":
    import asyncio

    def tell(line: str) -> None:
        if sys.stderr.isatty():
            terminal.show(f"  {line}", stderr=True)

    ending: Ending = await actions.run(args, tell, asyncio.Event())
    return ending


def signature(action: dict[str, Any]) -> str:
    """The parameters in short: `project, [day]`."""
    return ", ".join(p["name"] if p["required"] else f"[{p['name']}]" for p in action["parameters"])


def pairs(values: Sequence[str]) -> list[tuple[str, str]]:
    """`PARAMETER=VALUE` taken apart. Raises Problem malformed_request."""
    found = []
    for text in values:
        name, equals, value = text.partition("=")
        if not equals:
            raise Problem("malformed_request", f"{text[:60]!r} is no PARAMETER=VALUE.", next_step="Write project=boat.")
        found.append((name, value))
    return found


def parameter_table(text: str, root: str | None) -> dict[str, Any]:
    """`NAME:KIND[:TEXT]` as a parameter of the settings. Raises Problem malformed_request."""
    name, _, rest = text.partition(":")
    kind, _, words = rest.partition(":")
    if not kind:
        raise Problem(
            "malformed_request", f"{text[:60]!r} is no NAME:KIND.", next_step="Write project:path, for example."
        )
    table: dict[str, Any] = {"name": name, "kind": kind}
    if kind == "choice":
        table["choices"] = [word for word in words.split(",") if word]
    elif words:
        table["description"] = words
    if kind == "path" and root is not None:
        table["root"] = root
    return table
