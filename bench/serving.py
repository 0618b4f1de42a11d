"""What every aiohttp server of a run has in common: its port, its event loop and its manners at the end."""

import argparse

from aiohttp import web

from bench.process import new_event_loop


def with_port() -> argparse.ArgumentParser:
    """A command line whose `--port` is where to serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    return parser


def serve(app: web.Application, port: int) -> None:
    """Serve on the loopback port until SIGTERM; a request whose client leaves is cancelled."""
    web.run_app(
        app,
        host="127.0.0.1",
        port=port,
        backlog=4096,  # a storm of streams connects at once
        access_log=None,
        print=None,
        loop=new_event_loop(),
        shutdown_timeout=0.1,
        handler_cancellation=True,
    )
