"""The providers that this relay may use, ready to be asked."""

import structlog

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
        patience = Patience(settings.ai_first_token_s, settings.ai_stall_s)
        self._fallback = settings.ai_fallback
        self._offered: dict[str, tuple[Provider, str, Answers]] = {}
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
        """Whom to ask, and then the fallback. Raises Problem provider_not_configured, model_unavailable."""
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
        """What `GET /ai/providers` shows; of keys and addresses nothing."""
        return [
            {
                "name": provider.name,
                "title": provider.title,
                "model": model,
                "models": list(dict.fromkeys((model, *provider.models))),
                "stops_billing": provider.stops_billing(model),
            }
            for provider, model, _ in self._offered.values()
        ]

    async def close(self) -> None:
        """Close connections, and end the local model's process."""
        for upstream in self.upstreams:
            await upstream.close()

    def _offer(self, provider: Provider, model: str, upstream: Upstream | LocalModel) -> None:
        self._offered[provider.name] = (provider, model, upstream)
        self.upstreams.append(upstream)

    def _choice(self, name: str, model: str | None) -> Choice:
        provider, usual, answers = self._offered[name]
        chosen = model or usual
        return Choice(name, chosen, answers, provider.stops_billing(chosen))
