"""`deskbell demo`."""

from pathlib import Path
from typing import Annotated

import typer

from deskbell_daemon.cli.options import Json


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the folder with notes, databases and logs.")] = False,
    record: Annotated[Path | None, typer.Option("--record", help="Write the terminal's picture into this SVG.")] = None,
    as_json: Json = False,
) -> None:
    """See the whole of it in seconds: relay, laptop and assistant on this machine, with real processes and real OAuth."""
    from deskbell_daemon.cli.demo import demo as tell
    from deskbell_daemon.cli.table import installing, plugins
    from deskbell_wire.errors import Problem

    if "relay" not in plugins():
        raise Problem("not_found", "The demo needs the relay too.", next_step=installing("all"))
    tell(as_json=as_json, keep=keep, record=record)
