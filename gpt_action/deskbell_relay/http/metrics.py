"""What Prometheus reads at `/metrics`. Labels are names of ours only: no id, no address."""

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 35, 45)


class Metrics:
    """One registry a relay, so that two relays in one process (tests) do not share figures."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "deskbell_requests", "Requests answered, by route and status", ["route", "status"], registry=self.registry
        )
        self.request_seconds = Histogram(
            "deskbell_request_seconds",
            "Time to answer, by route; streams not counted",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.commands = Counter("deskbell_commands", "Commands accepted, by action", ["action"], registry=self.registry)
        self.finished = Counter(
            "deskbell_commands_finished", "Commands finished, by status", ["status"], registry=self.registry
        )
        self.round_trip = Histogram(
            "deskbell_command_seconds",
            "From a command's receipt to its result",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.deliveries = Counter("deskbell_deliveries", "Frames written to streams", registry=self.registry)
        self.streams = Gauge("deskbell_streams", "Open streams", registry=self.registry)
        self.slow_readers = Counter(
            "deskbell_slow_readers", "Streams closed because they did not read", registry=self.registry
        )
        self.swept = Counter(
            "deskbell_swept", "Rows deleted or expired by the sweeper", ["what"], registry=self.registry
        )

    def response(self) -> web.Response:
        """The registry in Prometheus' text format."""
        return web.Response(body=generate_latest(self.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
