"""Options that many commands share, and how a command reaches the daemon."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from deskbell_daemon.places import DEFAULT_PROFILE, find_places

if TYPE_CHECKING:
    from deskbell_daemon.local.client import LocalClient

T = TypeVar("T")

Json = Annotated[bool, typer.Option("--json", help="Print JSON for a program.")]
Profile = Annotated[str, typer.Option("--profile", envvar="DESKBELL_PROFILE", help="Which profile of this machine.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask: for scripts.")]

PROFILE = DEFAULT_PROFILE


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's asynchronous part."""
    return asyncio.run(work)


def with_daemon(profile: str, work: "Callable[[LocalClient], Awaitable[T]]", *, timeout_s: float = 30) -> T:
    """Do `work` with the running daemon of `profile`. Raises Problem daemon_not_running, and what the daemon answers."""
    from deskbell_daemon.local.client import LocalClient

    async def inside() -> T:
        async with LocalClient(find_places(profile), timeout_s) as daemon:
            return await work(daemon)

    return run(inside())
