"""Groq (console.groq.com/docs/openai). It refuses logprobs, logit_bias and messages[].name, none of which we send.

It does not say whether generation, and its bill, end with the connection; OpenRouter, which pays for it, reports that they
do not.
"""

from deskbell_relay.ai.providers.provider import Provider

GROQ = Provider("groq", "Groq")
