"""Google Gemini through its OpenAI-compatible endpoint.

Each chunk carries the usage so far, so the last one counts. Generation goes on after a disconnect (OpenRouter's list of
providers that cannot be cancelled).
"""

from deskbell_relay.ai.providers.provider import Provider, no

GEMINI = Provider("gemini", "Google Gemini", ("gemini-flash-latest", "gemini-pro-latest"), stops_billing=no)
