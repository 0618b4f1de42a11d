"""`python -m deskbell_relay`: runs a relay until it is told to stop."""

import asyncio
import contextlib
import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import structlog
from aiohttp import web
from pydantic import ValidationError

from deskbell_relay import logs
from deskbell_relay.app import RELAY, create_app
from deskbell_relay.settings import Settings

log = structlog.get_logger()

BACKLOG = 4_096
"""Connections that may wait to be accepted: thousands of devices come back at once after a restart."""


def main() -> int:
    """Read the settings, run, and give the process's exit code: 2 for settings that cannot be."""
    try:
        settings = Settings()
    except ValidationError as error:
        sys.stderr.write("".join(f"{sentence}\n" for sentence in complaints(error)))
        return 2
    logs.configure(settings)
    try:
        import uvloop
    except ImportError:  # Windows has none
        asyncio.run(serve(settings))
    else:
        uvloop.run(serve(settings))
    return 0


def complaints(error: ValidationError) -> list[str]:
    """What is wrong with the settings: a sentence for each variable, without its value, which may be a secret."""
    return [
        "".join(f"DESKBELL_{str(name).upper()}: " for name in item["loc"][:1])
        + item["msg"].removeprefix("Value error, ")
        for item in error.errors(include_url=False, include_input=False)
    ]


async def serve(settings: Settings) -> None:
    """Listen until SIGTERM or SIGINT, then drain."""
    stop = stop_signal()  # before anybody can know that we are here, and tell us to stop
    listener = listen(settings.host, settings.port)
    settings = settings.model_copy(update={"port": listener.getsockname()[1]})
    app = await create_app(settings)
    runner = web.AppRunner(
        app,
        access_log=None,
        handler_cancellation=True,  # a device that goes is offline at once; who no longer waits for a result is let go
        shutdown_timeout=2,
        keepalive_timeout=75,
        max_line_size=settings.max_header,
        max_field_size=settings.max_header,
    )
    await runner.setup()
    spare_collector()
    await web.SockSite(runner, listener, backlog=BACKLOG).start()
    with announced(settings, app[RELAY].identity.first_invite):
        log.info("listening", url=settings.issuer, port=settings.port, pid=os.getpid())
        await stop.wait()
        await app[RELAY].drain()
        await runner.cleanup()
    log.info("stopped")


def spare_collector() -> None:
    """Let the garbage collector look less often, and not at what the start has made.

    A thousand streams are some hundred thousand objects that stay: looking through them every few seconds took a tenth of
    the relay's time (bench/README.md), and cycles are few.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(25_000, 20, 100)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 lets the system choose."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SystemExit(
            f"Cannot listen on {host}:{port}: {error.strerror}. Choose another with DESKBELL_PORT."
        ) from error
    listener.setblocking(False)
    return listener


@contextlib.contextmanager
def announced(settings: Settings, first_invite: str | None) -> Iterator[None]:
    """While it runs, `relay.json` in the data folder says where this relay listens, for what starts it."""
    path = settings.data_dir / "relay.json"
    facts = {"url": settings.issuer, "port": settings.port, "pid": os.getpid(), "first_invite": first_invite}
    write_private(path, json.dumps(facts))
    if first_invite is not None:
        # Not through the log: logs are kept and shipped, and the invite makes an account.
        sys.stderr.write(
            f"This relay has no account yet. Pair the first laptop with:\n"
            f"  deskbell pair {settings.issuer} --invite {first_invite}\n"
        )
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    temporary.replace(path)


def stop_signal() -> asyncio.Event:
    """An event that SIGTERM or SIGINT sets."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt instead
            loop.add_signal_handler(number, stop.set)
    return stop


if __name__ == "__main__":
    sys.exit(main())
