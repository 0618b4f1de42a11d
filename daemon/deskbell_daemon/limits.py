"""Every limit of the daemon, in one place, each a key under `[limits]` in config.toml."""

from pydantic import BaseModel, ConfigDict, Field


class Limits(BaseModel):
    """Sizes in bytes, times in seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    waiting_commands: int = Field(default=100, ge=1, le=10_000, description="How many commands may wait for a person")
    waiting_of_one: int = Field(default=25, ge=1, le=10_000, description="How many of them may be one assistant's")
    ready_commands: int = Field(default=1_000, ge=1, le=100_000, description="Above it, the stream is not read on")
    performers: int = Field(default=4, ge=1, le=32, description="Threads that perform actions")
    local_runs: int = Field(default=4, ge=1, le=32, description="Local actions that run side by side")
    argument_bytes: int = Field(default=400_000, ge=1_000, description="An Action body is 100,000 characters")
    output_bytes: int = Field(default=900_000, ge=1_000, description="The relay takes 1 MB of a result")
    event_bytes: int = Field(default=2_000_000, ge=10_000, description="One event on the stream")
    parallel_reports: int = Field(default=8, ge=1, le=64)
    ledger_days: int = Field(default=30, ge=8, description="More than the 7 days that a command can wait")
    ledger_rows: int = Field(default=50_000, ge=100, description="Finished and reported ones above it are forgotten")
    drain_s: float = Field(default=5, ge=0, le=60)
    keyring_s: float = Field(default=5, gt=0, le=120)
    request_s: float = Field(default=20, gt=0, le=120, description="One request to the relay, the stream excepted")
    watchdog_s: float = Field(default=40, gt=0, le=300, description="A stream silent for so long is given up")
    backoff_first_s: float = Field(default=0.5, gt=0, le=60)
    backoff_last_s: float = Field(default=60, gt=0, le=3600)
    audit_file_bytes: int = Field(
        default=5_000_000, ge=10_000, description="A fuller file of the audit log is laid aside"
    )
    audit_files: int = Field(default=20, ge=1, le=1_000, description="So many full ones are kept")
    allow_hour_s: float = Field(default=3600, gt=0, le=86_400, description="How long 'allow for an hour' lasts")
