"""The relay put together: the only place that knows all rooms."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog
from aiohttp import web

from deskbell_relay import logs
from deskbell_relay.ai.api import AiApi
from deskbell_relay.ai.noting import Noting
from deskbell_relay.ai.registry import Registry
from deskbell_relay.ai.runs import Runs
from deskbell_relay.ai.shares import Shares
from deskbell_relay.channel.bus import MemoryBus, Revoked, RosterChanged
from deskbell_relay.channel.channel import Channel
from deskbell_relay.delivery.api import StreamApi
from deskbell_relay.delivery.hub import Hub
from deskbell_relay.delivery.presence import Presence
from deskbell_relay.delivery.sent import Sent
from deskbell_relay.dispatch.dispatch import Dispatch
from deskbell_relay.dispatch.roster import Rosters
from deskbell_relay.http.counters import Counters
from deskbell_relay.http.guard import Guard
from deskbell_relay.http.metrics import Metrics
from deskbell_relay.http.rates import Rates
from deskbell_relay.http.route import Route
from deskbell_relay.http.router import mount
from deskbell_relay.ingress.device_door import DeviceDoor
from deskbell_relay.ingress.documents import DocumentsApi
from deskbell_relay.ingress.gpt_action import GptActionDoor
from deskbell_relay.ingress.intake import Intake
from deskbell_relay.ingress.lookups import Lookups
from deskbell_relay.ingress.mcp.calls import ToolCalls
from deskbell_relay.ingress.mcp.changes import Changes
from deskbell_relay.ingress.mcp.door import McpDoor
from deskbell_relay.ingress.mcp.flights import Flights
from deskbell_relay.ingress.mcp.resources import Notes
from deskbell_relay.ingress.mcp.server import Answers, mcp_server
from deskbell_relay.ingress.mcp.tasks import Tasks
from deskbell_relay.ingress.mcp.toolbox import Toolbox
from deskbell_relay.oauth.identity import Identity
from deskbell_relay.pages import rendering
from deskbell_relay.results.api import CommandsApi
from deskbell_relay.results.commands import Commands
from deskbell_relay.results.sweeper import Sweeper
from deskbell_relay.results.waiting import Waiting
from deskbell_relay.settings import Settings
from deskbell_relay.store import prepared
from deskbell_relay.store.engine import SQLiteStore, Store, database_file, sqlite_engine
from deskbell_relay.store.schema import begin_life, migrate
from deskbell_relay.ticker import every

log = structlog.get_logger()

SENT_FLUSH_S = 0.1
SWEEP_S = 30
KEEP_S = 1


class Relay:
    """All rooms of one relay process, on an open store."""

    def __init__(self, settings: Settings, store: Store, epoch: str) -> None:
        self.settings = settings
        self.store = store
        self.metrics = Metrics()
        self._ending: set[asyncio.Task[int]] = set()
        self.rates = Rates(Counters())
        self.bus = MemoryBus()
        self.channel = Channel(store, self.bus, epoch)
        self.waiting = Waiting()
        self.sent = Sent(store)
        self.hub = Hub(self.channel, self.sent, settings, self.metrics)
        self.presence = Presence(store)
        self.commands = Commands(store, self.channel, self.bus, self.waiting, self.metrics)
        self.identity = Identity(
            settings,
            store,
            self.rates,
            publish=self.channel.publish,
            is_online=self.hub.is_online,
            revoked=self.revoke,
            roster_changed=lambda account_id: self.bus.publish(RosterChanged(account_id)),
        )
        self.dispatch = Dispatch(
            store,
            self.channel,
            Rosters(self.hub.is_online),
            self.commands,
            self.waiting,
            self.rates,
            settings,
            self.metrics,
        )
        self.guard = Guard(settings, self.identity.authenticator, self.rates, self.metrics, self.identity.error_page)
        self.sweeper = Sweeper(self.channel, self.commands, settings, self.metrics)
        self.intake = intake = Intake(self.dispatch, Lookups(store, self.commands, self.hub.is_online, settings))
        flights = Flights()
        self.changes = Changes()
        toolbox = Toolbox(store)
        answers = Answers(toolbox, ToolCalls(intake, toolbox, self.commands, flights), Notes(intake), self.changes)
        tasks = Tasks(intake, toolbox, self.commands, settings)
        self.mcp = McpDoor(mcp_server(answers, tasks, settings.issuer), self.changes, self.bus, settings)
        self.runs = Runs(settings, store, self.rates, Registry(settings), self.channel.publish)
        shares = Shares(
            store, self.runs, settings.ai_share_s, revoked=lambda viewing: self.bus.publish(Revoked(viewing))
        )
        self.ai = AiApi(self.runs, shares, settings.issuer, Noting(intake).ask)
        self.routes: list[Route] = [
            *GptActionDoor(intake).routes(),
            *DeviceDoor(intake).routes(),
            *self.mcp.routes(),
            *CommandsApi(self.commands, self.sent).routes(),
            *StreamApi(self.channel, self.hub, self.presence, settings).routes(),
            *self.ai.routes(),
            *self.identity.routes(),
            *DocumentsApi(store, settings, self.metrics, lambda: self.guard.draining).routes(),
        ]
        self.bus.subscribe(self.hub.hear)
        self.bus.subscribe(self.waiting.hear)
        self.bus.subscribe(self.identity.hear)
        self.bus.subscribe(flights.hear)
        self.bus.subscribe(self.changes.hear)
        self.bus.subscribe(self.ai.hear)

    def revoke(self, credential_id: str) -> None:
        """A device or a grant was revoked: cut it off everywhere, and end what it has left in the queue."""
        self.bus.publish(Revoked(credential_id))
        task = asyncio.create_task(self.commands.end_revoked(), name="revoked")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def heartbeat(self) -> None:
        """One beat: a ping on every stream, and presence renewed."""
        self.changes.beat()
        await self.runs.beat()
        await self.hub.beat()
        await self.presence.all_here(self.hub.device_ids())

    def jobs(self) -> list[tuple[float, Callable[[], Awaitable[object]], str]]:
        """What comes round: seconds between, the job, its name."""
        return [
            (self.settings.heartbeat_s, self.heartbeat, "heartbeat"),
            (SENT_FLUSH_S, self.sent.flush, "sent"),
            (logs.FLUSH_S, logs.flush, "logs"),
            (SWEEP_S, self.sweeper.sweep, "sweep"),
            (SWEEP_S, self.runs.sweep, "runs"),
            (KEEP_S, self.runs.keep, "answers"),
            *self.identity.jobs(),
        ]

    async def drain(self) -> None:
        """Stop well: nothing new, open requests get their time, every stream hears `bye`."""
        self.guard.draining = True
        await self.runs.drain()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.settings.drain_s):
                await self.waiting.idle()
        self.waiting.release()
        self.changes.drain()
        await self.hub.drain()
        log.info("drained")


RELAY: web.AppKey[Relay] = web.AppKey("relay", Relay)


async def create_app(settings: Settings) -> web.Application:
    """An aiohttp application that is a whole relay; its cleanup drains and closes it."""
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    loop = asyncio.get_running_loop()
    epoch = await loop.run_in_executor(None, prepare_database, settings)
    store = SQLiteStore(settings.database)
    relay = Relay(settings, store, epoch)
    app = web.Application(client_max_size=settings.max_result_body)
    app[RELAY] = relay
    rendering.prepare(app)
    mount(app, relay.guard, relay.routes)

    async def turns(_: web.Application) -> AsyncIterator[None]:
        await relay.identity.start()
        await relay.runs.recover()
        await relay.mcp.start()
        tasks = [asyncio.create_task(every(seconds, job, name=name)) for seconds, job, name in relay.jobs()]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await relay.mcp.stop()
        await relay.runs.close()
        await relay.sent.flush()
        await store.close()

    async def shut_down(_: web.Application) -> None:
        if not relay.guard.draining:
            await relay.drain()

    app.cleanup_ctx.append(turns)
    app.on_shutdown.append(shut_down)
    return app


def prepare_database(settings: Settings) -> str:
    """Migrate, compile the hot statements, and learn the epoch. The file is its owner's alone."""
    file = database_file(settings.database)
    if file is not None:
        file.touch(mode=0o600, exist_ok=True)
    engine = sqlite_engine(settings.database)
    try:
        migrate(engine)
        prepared.warm(engine.dialect)
        return begin_life(engine, settings.data_dir / "relay.start")
    finally:
        engine.dispose()
