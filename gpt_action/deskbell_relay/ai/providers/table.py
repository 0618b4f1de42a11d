"""All providers. Adding one: its file, its line here, its three settings in `ai/settings.py`."""

from typing import Final

from deskbell_relay.ai.providers.anthropic import ANTHROPIC
from deskbell_relay.ai.providers.cohere import COHERE
from deskbell_relay.ai.providers.compatible import COMPATIBLE
from deskbell_relay.ai.providers.gemini import GEMINI
from deskbell_relay.ai.providers.groq import GROQ
from deskbell_relay.ai.providers.openai import OPENAI
from deskbell_relay.ai.providers.openrouter import OPENROUTER
from deskbell_relay.ai.providers.provider import Provider

REMOTE: Final[tuple[Provider, ...]] = (OPENAI, ANTHROPIC, GEMINI, GROQ, OPENROUTER, COHERE, COMPATIBLE)
"""Those that have an address; `local` has a process (`ai/local/`)."""
