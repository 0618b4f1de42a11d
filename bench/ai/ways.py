"""The ways that are compared: what serves, how the provider sends, how the viewer reads."""

from dataclasses import dataclass
from typing import Final, Literal

from bench.ai import clients
from bench.ai.clients import POLL_S, Client

CHUNK: Final = 20
"""Tokens a piece, from a provider that answers in chunks."""


@dataclass(frozen=True, slots=True)
class Way:
    """`server`: Deskbell, or the plain relay with the libraries' own means. `address`: there; Deskbell's has the prompt."""

    name: str
    server: Literal["deskbell", "plain"]
    sends: Literal["tokens", "chunks"]
    client: Client
    address: str = ""


TOKENS: Final = "SSE, token by token"
CHUNKS: Final = f"SSE, {CHUNK} tokens a chunk"
REST: Final = "plain REST"

WAYS: Final[tuple[Way, ...]] = (
    Way(TOKENS, "deskbell", "tokens", clients.event_stream),
    Way(CHUNKS, "deskbell", "chunks", clients.event_stream),
    Way(REST, "plain", "tokens", clients.whole, "/whole"),
    Way("SSE, SDK + aiohttp-sse", "plain", "tokens", clients.event_stream, "/stream"),
    Way("WebSocket", "plain", "tokens", clients.web_socket, "/socket"),
    Way(f"polling, {POLL_S * 1000:g} ms", "plain", "tokens", clients.polling, "/answers"),
    Way("long polling", "plain", "tokens", clients.long_polling, "/answers"),
)
