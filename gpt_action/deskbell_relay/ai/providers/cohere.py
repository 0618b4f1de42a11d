"""Cohere through its compatibility endpoint, which refuses `stream_options`."""

from deskbell_relay.ai.providers.provider import Provider, yes

COHERE = Provider("cohere", "Cohere", ("command-a-03-2025",), asks_usage=False, stops_billing=yes)
