"""The relay's hops without its identity, on real sockets and a real database: tokens are names that are believed.

For tests of what happens behind the guard. Identity has its own tests, and the journeys use all of it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, ClientTimeout, web
from sqlalchemy import insert

from deskbell_relay.channel.bus import MemoryBus
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
from deskbell_relay.http.principal import Principal
from deskbell_relay.http.rates import Rates
from deskbell_relay.http.responses import problem_response
from deskbell_relay.http.route import Access
from deskbell_relay.http.router import mount
from deskbell_relay.ingress.gpt_action import GptActionDoor
from deskbell_relay.ingress.intake import Intake
from deskbell_relay.ingress.lookups import Lookups
from deskbell_relay.results.api import CommandsApi
from deskbell_relay.results.commands import Commands
from deskbell_relay.results.sweeper import Sweeper
from deskbell_relay.results.waiting import Waiting
from deskbell_relay.settings import Settings
from deskbell_relay.store.engine import SQLiteStore, sqlite_engine
from deskbell_relay.store.tables import accounts, devices, metadata
from deskbell_wire.actions import DEVICE_ACTIONS, SCOPES
from deskbell_wire.errors import Problem
from deskbell_wire.event import Decoder, ServerSentEvent

DEV_1 = "dev_00000000-0000-7000-8000-000000000001"
DEV_2 = "dev_00000000-0000-7000-8000-000000000002"
GRANT = "gra_00000000-0000-7000-8000-000000000001"

ALL_SCOPES = frozenset(SCOPES)


class Believed:
    """`device:ACCOUNT:DEVICE` and `assistant:ACCOUNT:GRANT` are tokens."""

    async def authenticate(self, token: str, access: Access) -> Principal:
        kind, _, rest = token.partition(":")
        account, _, credential = rest.partition(":")
        if kind == access == "device":
            return Principal(account, ALL_SCOPES, device_id=credential, name=credential)
        if kind == access == "assistant":
            return Principal(account, ALL_SCOPES, grant_id=credential, name="Test GPT", host="chatgpt.com")
        raise Problem("invalid_token", "Not one of the test's tokens.")

    async def redeem_ticket(self, ticket: str) -> Principal:
        return await self.authenticate(ticket, "device")


class Rooms:
    """One relay's hops. `start` and `stop` may be called in turn: what is in the database stays."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        defaults = {"commands_rate": "100000/minute", "requests_rate": "1000000/minute", "heartbeat_s": 15}
        self.settings = Settings(data_dir=folder, **(defaults | settings))
        self.epoch = "e1"
        engine = sqlite_engine(self.settings.database)
        metadata.create_all(engine)
        engine.dispose()

    async def start(self) -> None:
        settings = self.settings
        self.store = SQLiteStore(settings.database)
        self.metrics = Metrics()
        self.bus = MemoryBus()
        self.rates = Rates(Counters())
        self.channel = Channel(self.store, self.bus, self.epoch)
        self.waiting = Waiting()
        self.sent = Sent(self.store)
        self.hub = Hub(self.channel, self.sent, settings, self.metrics)
        self.presence = Presence(self.store)
        self.commands = Commands(self.store, self.channel, self.bus, self.waiting, self.metrics)
        self.sweeper = Sweeper(self.channel, self.commands, settings, self.metrics)
        rosters = Rosters(self.hub.is_online)
        self.dispatch = Dispatch(
            self.store, self.channel, rosters, self.commands, self.waiting, self.rates, settings, self.metrics
        )
        guard = Guard(
            settings, Believed(), self.rates, self.metrics, lambda call, p: problem_response(p, call.request_id)
        )
        self.bus.subscribe(self.hub.hear)
        self.bus.subscribe(self.waiting.hear)
        intake = Intake(self.dispatch, Lookups(self.store, self.commands, self.hub.is_online, settings))
        self.routes = [
            *GptActionDoor(intake).routes(),
            *CommandsApi(self.commands, self.sent).routes(),
            *StreamApi(self.channel, self.hub, self.presence, settings).routes(),
        ]
        app = web.Application(client_max_size=settings.max_result_body)
        mount(app, guard, self.routes)
        self.runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self.runner.addresses[0][1]}"
        self.session = ClientSession(self.url, timeout=ClientTimeout(total=30))

    async def stop(self, *, politely: bool = True) -> None:
        """Stop. Not politely: nothing is drained, streams are cut as a crash would."""
        await self.session.close()
        if politely:
            await self.hub.drain()
        else:
            for streams in list(self.hub._streams.values()):
                for stream in list(streams):
                    stream.abort()
        await self.runner.cleanup()
        await self.store.close()

    async def add_account(self, account: str, *device_ids: str, actions: frozenset[str] = DEVICE_ACTIONS) -> None:
        def work(connection: Any) -> None:
            connection.execute(insert(accounts).values(id=account, created_at=0))
            for rank, device in enumerate(device_ids):
                connection.execute(
                    insert(devices).values(
                        id=device,
                        account_id=account,
                        name=f"laptop {rank + 1}",
                        kind="daemon",
                        actions=sorted(actions),
                        rank=rank,
                        created_at=0,
                    )
                )

        await self.store.write(work)

    @contextlib.asynccontextmanager
    async def stream(self, account: str, device: str, last_event_id: str | None = None) -> AsyncIterator["Listener"]:
        headers = {"Authorization": f"Bearer device:{account}:{device}"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        async with ClientSession(self.url, timeout=ClientTimeout(total=None)) as session:
            async with session.get("/v1/stream", headers=headers) as response:
                yield Listener(response)

    def act(self, account: str, operation: str, body: dict[str, Any], grant: str = GRANT, **headers: str) -> Any:
        """A request at the GPT Action door; use with `async with`."""
        headers = {"Authorization": f"Bearer assistant:{account}:{grant}"} | {
            k.replace("_", "-"): v for k, v in headers.items()
        }
        return self.session.post(f"/actions/{operation}", json=body, headers=headers)


class Listener:
    """Reads one stream's events."""

    def __init__(self, response: Any) -> None:
        self.response = response
        self.decoder = Decoder()
        self._ready: list[ServerSentEvent] = []

    async def next(self, timeout_s: float = 10) -> ServerSentEvent:
        """The next event. Raises EOFError at the stream's end, TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while not self._ready:
                chunk = await self.response.content.readany()
                if not chunk:
                    raise EOFError
                self._ready = self.decoder.feed(chunk)
        return self._ready.pop(0)

    async def next_of(self, *kinds: str) -> ServerSentEvent:
        """The next event of one of `kinds`; others are passed over."""
        while True:
            event = await self.next()
            if event.event in kinds:
                return event
