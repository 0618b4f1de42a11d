"""A bare aiohttp POST handler: reads the body, answers 202, keeps nothing. What HTTP alone costs in Python."""

from bench.peers.aiohttp_sse_hub import AiohttpSseHub


class BareAiohttp(AiohttpSseHub):
    """The aiohttp-sse hub without a reader: its publish handler then does nothing but count."""

    name = "bare aiohttp POST"
