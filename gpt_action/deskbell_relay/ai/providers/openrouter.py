"""OpenRouter, and through it Perplexity's models. Its stream holds comment lines, and errors as data."""

from typing import Final

from deskbell_relay.ai.providers.provider import Provider

_STOP: Final = ("openai/", "x-ai/", "cohere/")
_GO_ON: Final = ("google/gemini-", "perplexity/", "amazon/", "ai21/")
_ELSEWHERE: Final = ("openai/gpt-oss",)
"""Open weights, which anybody serves."""


def stops_billing(model: str) -> bool | None:
    """By OpenRouter's list of who serves a model ("Stream cancellation", openrouter.ai/docs/api-reference/streaming).

    OpenAI, Azure, xAI and Cohere end with the connection; Google, Perplexity, Bedrock, AI21 and Groq go on and bill it all. None
    where one of either kind may serve the model: Claude (Anthropic, Bedrock or Google), open weights, the automatic choice.
    """
    if model.startswith(_ELSEWHERE):
        return None
    return True if model.startswith(_STOP) else False if model.startswith(_GO_ON) else None


OPENROUTER = Provider(
    "openrouter",
    "OpenRouter",
    ("openrouter/auto", "perplexity/sonar", "perplexity/sonar-pro"),
    stops_billing=stops_billing,
)
