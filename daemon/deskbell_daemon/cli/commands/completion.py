"""`deskbell completion`: the shell's Tab key."""

from typing import Annotated, Literal

import typer

from deskbell_daemon.cli.options import Json
from deskbell_daemon.cli.terminal import Terminal

Shell = Literal["bash", "zsh", "fish", "powershell"]


def completion(
    shell: Annotated[Shell, typer.Argument(help="Which shell.")] = "bash",
    as_json: Json = False,
) -> None:
    """Print the completion script of a shell: `deskbell completion bash >> ~/.bashrc`."""
    from typer._completion_shared import get_completion_script

    script = get_completion_script(prog_name="deskbell", complete_var="_DESKBELL_COMPLETE", shell=shell)
    if as_json:
        Terminal(as_json).emit({"shell": shell, "script": script})
    else:
        typer.echo(script)  # as it is: it is for the shell, not for a reader
