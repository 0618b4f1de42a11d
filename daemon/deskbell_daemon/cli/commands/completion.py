"""`deskbell completion`: the shell's Tab key."""

from typing import Annotated, Literal

import typer

Shell = Literal["bash", "zsh", "fish", "powershell"]


def completion(
    shell: Annotated[Shell, typer.Argument(help="Which shell.")] = "bash",
) -> None:
    """Print the completion script of a shell: `deskbell completion bash >> ~/.bashrc`."""
    from typer._completion_shared import get_completion_script

    typer.echo(get_completion_script(prog_name="deskbell", complete_var="_DESKBELL_COMPLETE", shell=shell))
