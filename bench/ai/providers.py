"""The providers that stand behind the relays: a paced one, and the real local model, each in processes of its own."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bench.ai.peers.gateway import KEY
from bench.process import child, free_port, listening, stop

LOCAL_PROMPT = "Write a short story about a lighthouse keeper who finds a bell on the beach."


@asynccontextmanager
async def paced() -> AsyncIterator[str]:
    """A provider with a pace, which the prompt says; its address up to `/v1`."""
    port = free_port()
    process = await child("-m", "bench.ai.paced", "--port", str(port))
    try:
        await listening(port, process, timeout=60)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        await stop(process)


@asynccontextmanager
async def gateway(to: str, *, tokens: int = 0, pieces: int = 1, key: str = "none") -> AsyncIterator[str]:
    """A gateway before a provider: at most so many tokens an answer, so many of them an event."""
    port = free_port()
    arguments = ("--port", str(port), "--to", to, "--tokens", str(tokens), "--pieces", str(pieces))
    process = await child("-m", "bench.ai.peers.gateway", *arguments, environment={KEY: key})
    try:
        await listening(port, process, timeout=60)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        await stop(process)


def local_missing() -> str | None:
    """Why there is no local model here, or None."""
    try:
        from deskbell_relay.ai.local.engine import model_file  # late: the paced provider needs nothing of it
    except ImportError:
        return "the relay is not installed (pip install -e '.[relay,local]')"
    return None if model_file() else "the local model is not installed (requirements/model.txt)"


@asynccontextmanager
async def local() -> AsyncIterator[tuple[str, str]]:
    """The model that comes with Deskbell, in its own process: its address and its key."""
    from deskbell_relay.ai.local.engine import LocalEngine, model_file

    model = model_file()
    assert model is not None, "asked `local_missing` before"
    async with contextlib.AsyncExitStack() as stack:
        engine = LocalEngine(model, idle_s=3600)
        stack.push_async_callback(engine.stop)
        configured = await stack.enter_async_context(engine.running())
        yield configured.url, configured.key.get_secret_value() if configured.key else "none"
