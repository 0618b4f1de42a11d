"""Google Gemini through its OpenAI-compatible endpoint (ai.google.dev, "OpenAI compatibility").

Each chunk carries the usage so far, so the last one counts. An error's document stands in a list of one. Google does not say
whether generation, and its bill, end with the connection; OpenRouter, which pays for it, reports that they do not.
"""

from deskbell_relay.ai.providers.provider import Provider

GEMINI = Provider("gemini", "Google Gemini", ("gemini-flash-latest", "gemini-pro-latest", "gemini-flash-lite-latest"))
