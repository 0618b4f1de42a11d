"""What the relay must know of a provider. Facts about the outside world: each row says where from."""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import SecretStr

from deskbell_relay.ai.answer import Api
from deskbell_relay.ai.chat_completions import CHAT_COMPLETIONS
from deskbell_relay.ai.settings import AiSettings


def unknown(_model: str) -> bool | None:
    """For a provider whose documents do not say whether stopping it stops its counting."""
    return None


def yes(_model: str) -> bool | None:
    return True


@dataclass(frozen=True, slots=True)
class Provider:
    """One row of the table in `table.py`; `settings.py` has its key, address and model under `ai_<name>_…`."""

    name: str
    title: str
    """As people know it."""
    models: tuple[str, ...] = ()
    """Names that its vendor keeps pointing at a model of today. Any other that it has may be asked for."""
    needs_key: bool = True
    api: Api = CHAT_COMPLETIONS
    stops_billing: Callable[[str], bool | None] = unknown
    """Whether closing the connection also ends what the provider bills, by model; None: nobody who must know says so."""


@dataclass(frozen=True, slots=True)
class Configured:
    """A provider as this relay may use it."""

    provider: Provider
    url: str
    model: str | None
    """Asked when nobody names one; None: somebody must."""
    key: SecretStr | None

    @property
    def name(self) -> str:
        return self.provider.name

    @property
    def title(self) -> str:
        return self.provider.title


def configured(provider: Provider, settings: AiSettings) -> Configured | None:
    """The provider with the operator's settings; None when what it needs is not there."""
    key: SecretStr | None = getattr(settings, f"ai_{provider.name}_key")
    url: str | None = getattr(settings, f"ai_{provider.name}_url")
    if url is None or (provider.needs_key and (key is None or not key.get_secret_value())):
        return None
    return Configured(provider, url, getattr(settings, f"ai_{provider.name}_model"), key)
