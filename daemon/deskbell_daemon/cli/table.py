"""The table of commands, and the group that runs them: its errors are sentences, and other packages may add to it.

To add a command, write its function in commands/ and one line below; docs/command-line.md has a row for each, and a test
goes red when one of them is missing.
"""

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

import typer
from typer._completion_classes import completion_init
from typer.core import TyperGroup

from deskbell_daemon.cli.commands import (
    access,
    actions,
    asking,
    auditing,
    autostarting,
    calling,
    checkup,
    completion,
    configuration,
    connecting,
    consent,
    demonstration,
    export,
    overview,
    pairing,
    pausing,
    ruling,
    service,
    tray,
)
from deskbell_daemon.cli.exits import ExitCode, of_problem
from deskbell_daemon.cli.terminal import Terminal
from deskbell_wire.errors import Problem

COMMANDS: Final[tuple[tuple[str, Callable[..., None], str], ...]] = (
    ("demo", demonstration.demo, "Start here"),
    ("pair", pairing.pair, "Start here"),
    ("connect", connecting.connect, "Start here"),
    ("doctor", checkup.doctor, "Start here"),
    ("daemon", service.daemon, "Run"),
    ("tray", tray.tray, "Run"),
    ("pause", pausing.pause, "Run"),
    ("resume", pausing.resume, "Run"),
    ("panic", ruling.panic, "Run"),
    ("status", overview.status, "Look"),
    ("log", auditing.log, "Look"),
    ("requests", consent.requests, "Decide"),
    ("approve", consent.approve, "Decide"),
    ("refuse", consent.refuse, "Decide"),
    ("rules", ruling.rules, "Decide"),
    ("open", ruling.open_page, "Decide"),
    ("devices", access.devices, "Access"),
    ("grants", access.grants, "Access"),
    ("revoke", access.revoke, "Access"),
    ("unpair", pairing.unpair, "Access"),
    ("ask", asking.ask, "More"),
    ("call", calling.call, "More"),
    ("export", export.export, "More"),
    ("completion", completion.completion, "More"),
)
"""Name, function, panel of the help."""

PLUGINS: Final = "deskbell.commands"
"""The entry-point group of commands that other packages bring: a typer app each."""

KNOWN_PLUGINS: Final = {"relay": "Run a relay, and look after it (clients, invites, keys)."}


class Commands(TyperGroup):
    """Ends with a sentence and an exit code of the table; loads a plugin only when it is called."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        ctx.meta["json"] = "--json" in (args[: args.index("--")] if "--" in args else args)
        if args and (found := plugins().get(args[0])) is not None:
            self.add_command(typer.main.get_command(load(found)), args[0])
        return super().parse_args(ctx, args)

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        try:
            return super().invoke(ctx)
        except Problem as problem:
            Terminal(ctx.meta["json"]).failed(problem)
            raise typer.Exit(of_problem(problem.code)) from problem
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("deskbell"):
                raise
            raise typer.Exit(lacking(str(ctx.invoked_subcommand), error, "daemon")) from error
        except typer.TyperException as error:
            if not ctx.meta["json"]:
                raise
            usage = Problem("malformed_request", str(error), next_step="See --help for what the command takes.")
            Terminal(True).failed(usage)
            raise typer.Exit(ExitCode.USAGE) from error


def plugins() -> dict[str, EntryPoint]:
    """The installed plugins by command name."""
    return {point.name: point for point in entry_points(group=PLUGINS)}


def installing(extra: str) -> str:
    """How a part that is missing comes here; there is no package index that has it."""
    return f'In the folder that Deskbell was installed from: pip install ".[{extra}]"'


def lacking(command: str, error: ModuleNotFoundError, extra: str) -> ExitCode:
    """Say what is not installed, and how to install it."""
    missing = (error.name or "").split(".")[0]
    typer.echo(
        f"deskbell: `deskbell {command}` needs {missing}, which is not installed.\nNext: {installing(extra)}",
        err=True,
    )
    return ExitCode.FAILED


def load(point: EntryPoint) -> typer.Typer:
    """The plugin's commands. Raises typer.Exit, after a sentence, when what it needs is not installed."""
    try:
        found = point.load()
    except ModuleNotFoundError as error:
        raise typer.Exit(lacking(point.name, error, point.name)) from error
    assert isinstance(found, typer.Typer), f"{point.value} is no typer app"
    return found


def build() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(
        cls=Commands,
        help="Let an AI assistant act on your own laptop, safely and at once.",
        no_args_is_help=True,
        add_completion=False,  # `deskbell completion` does it
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    completion_init()  # so that the script of `deskbell completion` is answered
    app.callback()(root)
    for name, function, panel in COMMANDS:
        app.command(name, rich_help_panel=panel)(function)
    app.add_typer(actions.app, name="action", rich_help_panel="Decide")
    app.add_typer(configuration.app, name="config", rich_help_panel="More")
    app.add_typer(autostarting.app, name="autostart", rich_help_panel="Run")
    for name, sentence in KNOWN_PLUGINS.items():
        app.command(name, help=sentence, rich_help_panel="Run")(absent)
    return app


def root(
    version: bool = typer.Option(False, "--version", help="Print the version and stop.", is_eager=True),
) -> None:
    """What stands before the command's name."""
    if version:
        from deskbell_wire.version import RELEASE

        typer.echo(f"deskbell {RELEASE}")
        raise typer.Exit


def absent() -> None:
    """Stands in the help for a plugin until it is called; runs only when its package is not there."""
    raise Problem("not_found", "This command is not installed.", next_step=installing("relay"))
