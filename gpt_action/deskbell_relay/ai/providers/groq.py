"""Groq. It refuses logprobs, logit_bias and messages[].name, none of which we send; a disconnect does not stop its bill."""

from deskbell_relay.ai.providers.provider import Provider, no

GROQ = Provider("groq", "Groq", ("openai/gpt-oss-20b", "openai/gpt-oss-120b"), stops_billing=no)
