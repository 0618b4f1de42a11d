"""Tells connected clients that the account's list of tools has changed.

2025-11-25 clients hold a GET stream for it, 2026-07-28 clients a `subscriptions/listen` request. Both are level triggers:
nothing is replayed, a client that missed one lists its tools anew when it connects again.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Final

import mcp_types as types
from aiohttp import web
from mcp.server.subscriptions import ListenHandler
from mcp.shared.subscriptions import ServerEvent, ToolsListChanged

from deskbell_relay.channel.bus import Hint, Revoked, RosterChanged
from deskbell_relay.delivery.api import HEADERS
from deskbell_relay.http.route import Call
from deskbell_relay.ingress.mcp.calls import Context
from deskbell_wire.errors import Problem

PING: Final = b": ping\n\n"
TOOLS_CHANGED: Final = b'event: message\ndata: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n\n'
MOST_STREAMS: Final = 10
"""Of one grant, of both kinds together: a client has one for each of its conversations."""


class Listener:
    """One open GET stream: what is to be written next, and whether it is to end."""

    __slots__ = ("account_id", "changed", "ended", "grant_id", "woken")

    def __init__(self, account_id: str, grant_id: str) -> None:
        self.account_id = account_id
        self.grant_id = grant_id
        self.changed = False
        self.ended = False
        self.woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake(self) -> None:
        """Have the handler look."""
        if not self.woken.done():
            self.woken.set_result(None)


class Changes:
    """Who listens, in this process."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._subscribers: defaultdict[str, dict[object, Callable[[ServerEvent], None]]] = defaultdict(dict)
        self._held: defaultdict[str, int] = defaultdict(int)
        self._handlers: dict[ListenHandler, str] = {}

    def hear(self, hint: Hint) -> None:
        """Take a hint of the bus."""
        if isinstance(hint, RosterChanged):
            for listener in self._listeners:
                if listener.account_id == hint.account_id:
                    listener.changed = True
                    listener.wake()
            for deliver in list(self._subscribers.get(hint.account_id, {}).values()):
                deliver(ToolsListChanged())
        elif isinstance(hint, Revoked):
            self._end(hint.credential_id)

    def beat(self) -> None:
        """A ping on every GET stream, so that no proxy takes it for dead; the SDK pings the others by itself."""
        for listener in self._listeners:
            listener.wake()

    def drain(self) -> None:
        """The relay stops: end them all; they come back."""
        self._end(None)

    async def stream(self, call: Call) -> web.StreamResponse:
        """The GET stream of a 2025-11-25 client, until it goes or is revoked. Problem too_many_streams."""
        grant_id = self._take(call)
        listener = Listener(call.who.account_id, grant_id)
        response = web.StreamResponse(headers=HEADERS | {"X-Request-Id": call.request_id})
        self._listeners.add(listener)
        try:
            await response.prepare(call.request)
            response.headers.clear()  # they are on the wire; an idle stream need not keep them
            await response.write(PING)
            while not listener.ended:
                await listener.woken
                listener.woken = asyncio.get_running_loop().create_future()
                frame, listener.changed = TOOLS_CHANGED if listener.changed else PING, False
                if not listener.ended:
                    await response.write(frame)
            return response
        finally:
            self._listeners.discard(listener)
            self._give_back(grant_id)

    async def listen(
        self, ctx: Context, call: Call, params: types.SubscriptionsListenRequestParams
    ) -> types.SubscriptionsListenResult:
        """The `subscriptions/listen` of a 2026-07-28 client. Problem too_many_streams."""
        grant_id = self._take(call)
        account_id = call.who.account_id
        handler = ListenHandler(AccountBus(self._subscribers[account_id]))
        self._handlers[handler] = grant_id
        try:
            return await handler(ctx, params)
        finally:
            del self._handlers[handler]
            if not self._subscribers[account_id]:
                del self._subscribers[account_id]
            self._give_back(grant_id)

    def _end(self, grant_id: str | None) -> None:
        """End the streams of a grant, or all."""
        for listener in self._listeners:
            if grant_id in (None, listener.grant_id):
                listener.ended = True
                listener.wake()
        for handler, holder in self._handlers.items():
            if grant_id in (None, holder):
                handler.close()  # it says so to its client, and returns

    def _take(self, call: Call) -> str:
        grant_id = call.who.grant_id
        assert grant_id is not None, "an assistant has a grant"
        if self._held[grant_id] >= MOST_STREAMS:
            raise Problem("too_many_streams", f"This connection already holds {MOST_STREAMS} open streams.")
        self._held[grant_id] += 1
        return grant_id

    def _give_back(self, grant_id: str) -> None:
        self._held[grant_id] -= 1
        if not self._held[grant_id]:
            del self._held[grant_id]


class AccountBus:
    """The SDK's subscription bus, of one account: its events come from our bus, so nothing is published here."""

    def __init__(self, subscribers: dict[object, Callable[[ServerEvent], None]]) -> None:
        self._subscribers = subscribers

    async def publish(self, event: ServerEvent) -> None:
        """Deliver to the account's listeners."""
        for deliver in list(self._subscribers.values()):
            deliver(event)

    def subscribe(self, listener: Callable[[ServerEvent], None]) -> Callable[[], None]:
        """Register; the callable that is returned ends it."""
        token = object()
        self._subscribers[token] = listener

        def unsubscribe() -> None:
            self._subscribers.pop(token, None)

        return unsubscribe
