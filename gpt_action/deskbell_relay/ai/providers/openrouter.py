"""OpenRouter, and through it Perplexity's models. Its stream holds comment lines, and errors as data."""

from typing import Final

from deskbell_relay.ai.providers.provider import Provider

_STOP: Final = frozenset({"openai", "anthropic", "cohere"})
_GO_ON: Final = frozenset({"google", "perplexity", "groq", "mistralai", "amazon"})


def stops_billing(model: str) -> bool | None:
    """By the maker that a model's name begins with (OpenRouter, "Stream cancellation"); others depend on who serves it."""
    maker = model.partition("/")[0]
    return True if maker in _STOP else False if maker in _GO_ON else None


OPENROUTER = Provider(
    "openrouter",
    "OpenRouter",
    ("openrouter/auto", "perplexity/sonar", "perplexity/sonar-pro"),
    stops_billing=stops_billing,
)
