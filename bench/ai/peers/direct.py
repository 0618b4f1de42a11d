"""No relay: the client asks the provider itself. What everybody else's first token is compared with."""

import json
from urllib.parse import urlsplit

from bench.ai.subject import AiSubject
from bench.hub import http


class Direct(AiSubject):
    """The provider's own port."""

    name = "the provider itself"

    async def start(self, provider: str) -> None:
        port = urlsplit(provider).port
        assert port is not None, "a local provider's address has a port"
        self.port = port

    async def stop(self) -> None:
        pass  # whoever started the provider ends it

    def request(self, prompt: str) -> bytes:
        return http("POST", "/v1/chat/completions", chat("paced", prompt), Content_Type="application/json")


def chat(model: str, prompt: str) -> str:
    """The body of a chat completion that is streamed."""
    return json.dumps(
        {
            "model": model,
            "messages": [{"role": "user", "content": prompt}],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    )
