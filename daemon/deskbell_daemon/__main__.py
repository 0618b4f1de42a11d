"""`python -m deskbell_daemon [--profile NAME]`: the headless daemon, until SIGTERM or SIGINT."""

import argparse
import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from deskbell_daemon.places import DEFAULT_PROFILE, Places, find_places
from deskbell_daemon.settings import Settings, load_settings
from deskbell_wire.errors import Problem


def main(arguments: list[str] | None = None) -> int:
    """0 after an orderly stop, 1 when it could not start; the reason stands on stderr."""
    parser = argparse.ArgumentParser(prog="deskbell_daemon", description="Deskbell's daemon, without a screen.")
    parser.add_argument("--profile", default=DEFAULT_PROFILE)
    given = parser.parse_args(arguments)
    try:
        places = find_places(given.profile)
        settings = load_settings(places)
        serve(settings, places)
    except Problem as problem:
        print(f"deskbell: {problem.detail} {problem.next_step}", file=sys.stderr)  # noqa: T201 - there is no log yet
        return 1
    return 0


def serve(settings: Settings, places: Places, **wiring: Any) -> None:
    """Run the daemon in this process until it is told to stop. `wiring` goes to `app.run`. Raises its Problems."""
    from deskbell_daemon.app import run
    from deskbell_daemon.logs import open_logs

    close_logs = open_logs(places.log_file, settings.log.level)

    async def until_told() -> None:
        stop = asyncio.Event()
        _on_signals(asyncio.get_running_loop(), stop.set)
        await run(settings, places, stop=stop, **wiring)

    try:
        _run(until_told())
    finally:
        close_logs()
    if any(thread.name.startswith("performer") for thread in threading.enumerate()):
        sys.stderr.flush()
        os._exit(0)  # an action hangs in its thread; it has had its time, and its command is in the ledger


def _on_signals(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))


def _run(work: Coroutine[Any, Any, None]) -> None:
    try:
        import uvloop
    except ImportError:  # Windows, PyPy
        asyncio.run(work)
    else:
        uvloop.run(work)


if __name__ == "__main__":
    sys.exit(main())
