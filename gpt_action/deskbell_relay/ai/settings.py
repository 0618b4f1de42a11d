"""What the operator chose about AI: keys, addresses, models, patience. Part of the relay's settings."""

from typing import Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

USUAL: Final = "Asked when nobody names one"
"""Only a name that its vendor keeps pointing at a model of today has a default: others are retired within a year or two."""


class AiSettings(BaseSettings):
    """A provider without its key (or, for `compatible`, its address) is not offered.

    Keys stand in the environment or, with `ai_keyring`, in the system's keyring.
    """

    ai_openai_key: SecretStr | None = Field(default=None)
    ai_openai_url: str = Field(default="https://api.openai.com/v1")
    ai_openai_model: str | None = Field(default=None, description=USUAL)

    ai_gemini_key: SecretStr | None = Field(default=None)
    ai_gemini_url: str = Field(default="https://generativelanguage.googleapis.com/v1beta/openai")
    ai_gemini_model: str | None = Field(default="gemini-flash-latest", description=USUAL)

    ai_groq_key: SecretStr | None = Field(default=None)
    ai_groq_url: str = Field(default="https://api.groq.com/openai/v1")
    ai_groq_model: str | None = Field(default=None, description=USUAL)

    ai_openrouter_key: SecretStr | None = Field(default=None)
    ai_openrouter_url: str = Field(default="https://openrouter.ai/api/v1")
    ai_openrouter_model: str | None = Field(
        default="openrouter/auto", description=f"{USUAL}; perplexity/sonar is Perplexity's"
    )

    ai_cohere_key: SecretStr | None = Field(default=None)
    ai_cohere_url: str = Field(default="https://api.cohere.ai/compatibility/v1")
    ai_cohere_model: str | None = Field(default=None, description=USUAL)

    ai_anthropic_key: SecretStr | None = Field(default=None)
    ai_anthropic_url: str = Field(default="https://api.anthropic.com/v1")
    ai_anthropic_model: str | None = Field(default=None, description=USUAL)

    ai_compatible_key: SecretStr | None = Field(default=None, description="Most servers at home want none")
    ai_compatible_url: str | None = Field(
        default=None, description="Any OpenAI-compatible server, such as http://127.0.0.1:11434/v1 for Ollama"
    )
    ai_compatible_model: str | None = Field(default=None, description=f"{USUAL}, as that server names it")

    ai_keyring: bool = Field(
        default=False, description="Look in the system's keyring for the keys that the environment does not have"
    )
    ai_local: bool = Field(
        default=True, description="Offer the model on this machine, where its packages are installed"
    )
    ai_local_idle_s: float = Field(
        default=300, gt=0, description="The local model's process ends when unused for so long"
    )

    ai_fallback: Literal["", "openai", "gemini", "groq", "openrouter", "cohere", "anthropic", "compatible", "local"] = (
        Field(default="", description="Asked instead when another provider fails before its first token")
    )
    ai_first_token_s: float = Field(default=60, gt=0, description="Models that think first take their time")
    ai_stall_s: float = Field(default=30, gt=0, description="Between two pieces of an answer")
    ai_run_s: float = Field(
        default=600, gt=0, description="A whole run, with its retries: a model that only thinks would never end"
    )
    ai_retries: int = Field(default=2, ge=0, le=5, description="Before the provider's first byte, never after it")
    ai_retry_wait_s: float = Field(
        default=10, ge=0, description="A provider that asks for a longer wait is not asked again"
    )
    ai_orphan_s: float = Field(default=0, ge=0, description="A run without viewers is stopped after this; 0: never")

    @field_validator(
        "ai_openai_url",
        "ai_gemini_url",
        "ai_groq_url",
        "ai_openrouter_url",
        "ai_cohere_url",
        "ai_anthropic_url",
        "ai_compatible_url",
    )
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with https:// or, on your own network, http://")
        return value

    @model_validator(mode="after")
    def _fallback_is_there(self) -> Self:
        name = self.ai_fallback
        if name == "compatible" and self.ai_compatible_url is None:
            raise ValueError("DESKBELL_AI_FALLBACK is compatible, so DESKBELL_AI_COMPATIBLE_URL must be set")
        if name in ("", "local"):
            return self
        if name != "compatible" and getattr(self, f"ai_{name}_key") is None and not self.ai_keyring:
            raise ValueError(f"DESKBELL_AI_FALLBACK is {name}, so DESKBELL_AI_{name.upper()}_KEY must be set")
        if getattr(self, f"ai_{name}_model") is None:
            raise ValueError(f"DESKBELL_AI_FALLBACK is {name}, so DESKBELL_AI_{name.upper()}_MODEL must be set")
        return self
