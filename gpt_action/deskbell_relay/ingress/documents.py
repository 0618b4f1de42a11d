"""What machines read about the relay without signing in: the OpenAPI document, health, metrics."""

from collections.abc import Callable

from aiohttp import web
from sqlalchemy import text

from deskbell_relay.http.metrics import Metrics
from deskbell_relay.http.responses import json_response
from deskbell_relay.http.route import Call, Route
from deskbell_relay.ingress.openapi import document
from deskbell_relay.settings import Settings
from deskbell_relay.store.engine import Store
from deskbell_wire.errors import Problem
from deskbell_wire.version import RELEASE


class DocumentsApi:
    """Routes for editors, load balancers and Prometheus."""

    def __init__(self, store: Store, settings: Settings, metrics: Metrics, is_draining: Callable[[], bool]) -> None:
        self._store = store
        self._settings = settings
        self._metrics = metrics
        self._is_draining = is_draining

    def routes(self) -> list[Route]:
        """This room's rows of the route table."""
        return [
            Route("GET", "/openapi.json", self.openapi, "public", rate="public", summary="What the GPT editor imports"),
            Route(
                "GET", "/healthz", self.health, "public", rate="none", during_drain=True, summary="The process is alive"
            ),
            Route("GET", "/readyz", self.ready, "public", rate="none", during_drain=True, summary="It takes requests"),
            Route("GET", "/metrics", self.metrics, "public", rate="none", during_drain=True, summary="For Prometheus"),
        ]

    async def openapi(self, _call: Call) -> web.StreamResponse:
        return json_response(document(self._settings.issuer), headers={"Access-Control-Allow-Origin": "*"})

    async def health(self, _call: Call) -> web.StreamResponse:
        return json_response({"status": "ok", "release": RELEASE})

    async def ready(self, _call: Call) -> web.StreamResponse:
        """200 when a request would be served. Problem draining, storage_unavailable."""
        if self._is_draining():
            raise Problem("draining", "The relay is stopping.", headers={"Retry-After": "3"})
        await self._store.read(lambda connection: connection.execute(text("SELECT seq FROM accounts LIMIT 1")).all())
        return json_response({"status": "ready"})

    async def metrics(self, _call: Call) -> web.StreamResponse:
        return self._metrics.response()
