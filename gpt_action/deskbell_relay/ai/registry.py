"""The providers that this relay may use, ready to be asked."""

import structlog

from deskbell_relay.ai.keys import with_keyring
from deskbell_relay.ai.local.engine import LocalEngine, LocalModel, model_file
from deskbell_relay.ai.providers.local import LOCAL, LOCAL_MODEL
from deskbell_relay.ai.providers.provider import Provider, configured
from deskbell_relay.ai.providers.table import REMOTE
from deskbell_relay.ai.run import Answers, Choice
from deskbell_relay.ai.settings import AiSettings
from deskbell_relay.ai.upstream import Patience, Upstream
from deskbell_wire.errors import Problem

log = structlog.get_logger()


class Registry:
    """Made once, at the relay's start."""

    def __init__(self, settings: AiSettings) -> None:
        if settings.ai_keyring:
            settings = with_keyring(settings, tuple(provider.name for provider in REMOTE))
        patience = Patience(settings.ai_first_token_s, settings.ai_stall_s)
        self._fallback = settings.ai_fallback
        self._offered: dict[str, tuple[Provider, str | None, Answers]] = {}
        self.upstreams: list[Upstream | LocalModel] = []
        for provider in REMOTE:
            usable = configured(provider, settings)
            if usable is not None:
                self._offer(provider, usable.model, Upstream(usable, patience))
        file = model_file() if settings.ai_local else None
        if file is not None:
            engine = LocalEngine(file, idle_s=settings.ai_local_idle_s)
            self._offer(LOCAL, LOCAL_MODEL, LocalModel(engine, patience))
        if self._fallback and self._fallback not in self._offered:
            log.warning("fallback_not_there", provider=self._fallback)  # the local model, without its packages

    def choices(self, name: str, model: str | None) -> list[Choice]:
        """Whom to ask, and then the fallback. Raises Problem provider_not_configured, model_unavailable, model_not_named."""
        if name not in self._offered:
            raise Problem(
                "provider_not_configured",
                f"There is no AI provider {name!r} here; there are {', '.join(self._offered) or 'none'}.",
            )
        if name == LOCAL.name and model not in (None, LOCAL_MODEL):
            raise Problem("model_unavailable", f"The relay's machine has {LOCAL_MODEL} alone.")
        choices = [self._choice(name, model)]
        if self._fallback != name and self._fallback in self._offered:
            choices.append(self._choice(self._fallback, None))
        return choices

    def documents(self) -> list[dict[str, object]]:
        """What `GET /ai/providers` shows; of keys and addresses nothing. `model` null: whoever asks must name one."""
        return [
            {
                "name": provider.name,
                "title": provider.title,
                "model": model,
                "models": list(dict.fromkeys(name for name in (model, *provider.models) if name)),
                "stops_billing": provider.stops_billing(model or ""),
            }
            for provider, model, _ in self._offered.values()
        ]

    async def close(self) -> None:
        """Close connections, and end the local model's process."""
        for upstream in self.upstreams:
            await upstream.close()

    def _offer(self, provider: Provider, model: str | None, upstream: Upstream | LocalModel) -> None:
        self._offered[provider.name] = (provider, model, upstream)
        self.upstreams.append(upstream)

    def _choice(self, name: str, model: str | None) -> Choice:
        provider, usual, answers = self._offered[name]
        chosen = model or usual
        if chosen is None:
            raise Problem(
                "model_not_named",
                f"{provider.title} has no usual model here: name one, or have the relay's operator set "
                f"DESKBELL_AI_{name.upper()}_MODEL.",
            )
        return Choice(name, chosen, answers, provider.stops_billing(chosen))
