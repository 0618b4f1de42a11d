"""What the operator chose: one frozen object, read from `DESKBELL_*` in the environment and checked once at start."""

from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

import platformdirs
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from deskbell_relay.ai.settings import AiSettings
from deskbell_relay.limits import Limits

MIN_SECRET_CHARACTERS = 32


class Settings(Limits, AiSettings):
    """The relay's settings. A bad value raises pydantic's ValidationError, whose message names the variable."""

    model_config = SettingsConfigDict(env_prefix="DESKBELL_", frozen=True, extra="ignore", hide_input_in_errors=True)

    host: str = Field(default="127.0.0.1", description="Where to listen; a proxy with TLS stands before it")
    port: int = Field(default=8787, ge=0, le=65_535, description="0 lets the system choose; the log names it")
    public_url: str | None = Field(
        default=None, description="The address that the world sees, such as https://bell.example"
    )
    data_dir: Path = Field(default_factory=lambda: platformdirs.user_data_path("deskbell-relay", appauthor=False))
    database_url: str | None = Field(default=None, description="Default: SQLite in data_dir")
    secret: SecretStr | None = Field(
        default=None,
        description="At least 32 characters; seals the signing keys. Default: a file in data_dir, made once",
    )
    registration: Literal["open", "invite", "closed"] = Field(default="invite", description="Who may make an account")
    trusted_proxies: list[IPv4Network | IPv6Network] = Field(
        default_factory=list, description="Whose X-Forwarded-For is believed, as JSON list of networks"
    )

    wait_s: float = Field(default=35, ge=0, le=40, description="How long a door waits; ChatGPT gives an Action 45 s")
    offline_wait_s: float = Field(
        default=2, ge=0, le=40, description="The same when the device is offline: it may just reconnect"
    )
    heartbeat_s: float = Field(default=15, gt=0, le=20, description="Firefox drops a stream that is silent for 30 s")
    drain_s: float = Field(default=8, gt=0, le=10, description="How long open requests may take when the relay stops")

    access_token_s: int = Field(default=15 * 60, gt=0)
    chat_session_s: int = Field(
        default=7 * 24 * 3600, gt=0, description="How long a browser stays signed in to the chat page"
    )
    refresh_token_s: int = Field(default=90 * 24 * 3600, gt=0, description="Since its last use")
    refresh_grace_s: int = Field(default=10, ge=0, le=60, description="A client that lost the response may ask again")
    device_refresh_grace_s: int = Field(
        default=120, ge=0, le=600, description="A device of ours too: it may have been killed before it could store it"
    )
    key_rotation_s: int = Field(default=30 * 24 * 3600, gt=0, description="How often a new signing key takes over")
    operator: str = Field(default="the operator of this relay", description="Named on the privacy page")
    contact: str | None = Field(default=None, description="Address for questions, shown on the privacy page")

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"

    @field_validator("secret")
    @classmethod
    def _strong(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            text = value.get_secret_value()
            if len(text) < MIN_SECRET_CHARACTERS or len(set(text)) < 10:
                raise ValueError(
                    "is too weak: use 32 random characters or more, such as `openssl rand -base64 48` prints"
                )
        return value

    @field_validator("database_url")
    @classmethod
    def _known_engine(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith("sqlite:///"):
            raise ValueError("must begin with sqlite:/// : other databases are not supported yet")
        return value

    @model_validator(mode="after")
    def _address(self) -> Self:
        if self.public_url is not None:
            parts = urlsplit(self.public_url)
            if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
                raise ValueError(
                    f"DESKBELL_PUBLIC_URL {self.public_url!r} must be https://host[:port] and nothing more"
                )
            if parts.scheme == "http" and not _is_loopback(parts.hostname):
                raise ValueError(f"DESKBELL_PUBLIC_URL {self.public_url!r} must be https: only loopback may do without")
        elif not _is_loopback(self.host):
            raise ValueError("DESKBELL_PUBLIC_URL must be set when the relay listens on more than loopback")
        return self

    @property
    def issuer(self) -> str:
        """The relay's own address as others see it, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def longest_token_s(self) -> int:
        """How long an access token may live: so long a key that signs no more is still believed."""
        return max(self.access_token_s, self.chat_session_s)

    @property
    def database(self) -> str:
        """The SQLAlchemy URL of the database."""
        return self.database_url or f"sqlite:///{self.data_dir / 'relay.db'}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
