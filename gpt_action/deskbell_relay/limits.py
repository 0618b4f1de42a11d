"""Every limit of the relay, with the reason for its default. Each is a setting: `DESKBELL_<NAME>` in the environment."""

from limits import parse_many
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings


class Limits(BaseSettings):
    """Sizes are bytes, times are seconds; rates are in the notation of the `limits` library, such as `60/minute`."""

    max_body: int = Field(default=100_000, gt=0, description="ChatGPT sends and takes fewer than 100,000 characters")
    max_result_body: int = Field(default=1_000_000, gt=0, description="What a device may report of one command")
    max_json_depth: int = Field(default=32, gt=0, description="No body of ours nests deeper than five")
    upload_timeout_s: float = Field(default=20, gt=0, description="A body that takes longer is cut off")
    max_header: int = Field(default=8_190, gt=0, description="One header line, a bearer token included")

    streams_per_device: int = Field(default=2, gt=0, description="Two, so that a reconnect may overlap its predecessor")
    streams_per_account: int = Field(default=20, gt=0)
    stream_buffer: int = Field(
        default=1_000_000, gt=0, description="A slower reader is closed; its cursor brings it back"
    )
    devices_per_account: int = Field(default=50, gt=0)

    commands_rate: str = Field(default="60/minute;20/second", description="Per account; the second part is the burst")
    requests_rate: str = Field(default="1200/minute", description="Per device or grant, all routes")
    public_rate: str = Field(default="300/minute", description="Per address, pages and metadata")
    pairing_rate: str = Field(default="10/minute", description="Per address, codes tried and devices paired")
    code_tries: int = Field(default=5, gt=0, description="Wrong tries that end a code")
    code_tries_rate: str = Field(default="200/minute", description="Wrong codes of all addresses together")
    pending_approvals: int = Field(default=3, gt=0, description="Per account, so that nobody is worn down by prompts")

    registration_rate: str = Field(
        default="60/hour",
        description="Clients that register, per address: ChatGPT and Claude come for all their users from a few",
    )
    registrations_rate: str = Field(
        default="120/minute",
        description="The same of all addresses together: they are cheap, and each is a durable row",
    )
    unused_registrations: int = Field(
        default=5_000,
        gt=0,
        description="Registered clients without a grant; a flood needs 40 minutes to push one out, a person fewer",
    )
    documents_rate: str = Field(
        default="600/minute",
        description="Fetches of clients' documents, per host: more than one address can ask for, and nobody's weapon",
    )
    document_fetches: int = Field(
        default=64, gt=0, description="Of these at once: one address, at its public rate, holds 25 for their 5 s"
    )

    ai_rate: str = Field(default="3/minute", description="Runs started, per account; reading and stopping are free")
    ai_tokens_per_day: int = Field(
        default=200_000, gt=0, description="Per account and UTC day, prompts and answers: what a mistake may cost"
    )
    ai_prompt: int = Field(default=50_000, gt=0, description="Characters of a prompt or of a whole conversation")
    ai_answer: int = Field(default=100_000, gt=0, description="Characters of an answer; it is cut off there")
    ai_viewers: int = Field(default=1_000, gt=0, description="Of one run at once")
    ai_log_s: float = Field(default=15 * 60, gt=0, description="How long a run's stream can be read after its end")
    ai_log_memory: int = Field(default=100_000_000, gt=0, description="Of ended runs; above it the oldest go sooner")
    ai_share_s: float = Field(default=24 * 3600, gt=0, description="How long a link to a run shows it")

    retention_s: int = Field(
        default=7 * 24 * 3600, gt=0, description="How long an event and a finished command are kept"
    )
    retention_events: int = Field(default=10_000, gt=0, description="How many events an account keeps")

    @field_validator(
        "commands_rate",
        "requests_rate",
        "public_rate",
        "pairing_rate",
        "code_tries_rate",
        "registration_rate",
        "registrations_rate",
        "documents_rate",
        "ai_rate",
    )
    @classmethod
    def _is_a_rate(cls, value: str) -> str:
        parse_many(value)  # raises ValueError, whose sentence names the value
        return value
