"""Anthropic's Claude, by its own Messages API. Its documents do not say what a closed connection costs."""

from deskbell_relay.ai.messages import MESSAGES
from deskbell_relay.ai.providers.provider import Provider

ANTHROPIC = Provider("anthropic", "Anthropic Claude", api=MESSAGES)
