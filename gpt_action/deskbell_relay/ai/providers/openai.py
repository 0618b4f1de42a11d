"""OpenAI. Closing the connection ends generation, and what was not generated is not billed."""

from deskbell_relay.ai.providers.provider import Provider, yes

OPENAI = Provider("openai", "OpenAI", ("gpt-5-mini", "gpt-5"), stops_billing=yes)
