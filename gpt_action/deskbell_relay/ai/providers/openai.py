"""OpenAI. Its documents do not say what a closed connection costs."""

from deskbell_relay.ai.providers.provider import Provider

OPENAI = Provider("openai", "OpenAI")
