"""Cohere through its Compatibility API (docs.cohere.com), which refuses `stream_options`: its usage may be missing."""

from deskbell_relay.ai.chat_completions import WITHOUT_STREAM_OPTIONS
from deskbell_relay.ai.providers.provider import Provider

COHERE = Provider("cohere", "Cohere", api=WITHOUT_STREAM_OPTIONS)
