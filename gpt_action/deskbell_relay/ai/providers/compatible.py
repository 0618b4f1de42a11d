"""Any server that speaks OpenAI's chat completions: Ollama, LM Studio, vLLM, a gateway of your own."""

from deskbell_relay.ai.providers.provider import Provider

COMPATIBLE = Provider("compatible", "The operator's own server", needs_key=False)
