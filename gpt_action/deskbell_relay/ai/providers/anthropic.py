"""Anthropic's Claude through its OpenAI-compatible endpoint: it ignores what it does not know, and streams alike."""

from deskbell_relay.ai.providers.provider import Provider, yes

ANTHROPIC = Provider("anthropic", "Anthropic Claude", ("claude-haiku-4-5", "claude-sonnet-4-5"), stops_billing=yes)
