"""Everything that one pairing needs while it lasts: tokens, stream, reports and gate. Opened and closed as a whole."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import structlog

from deskbell_daemon.audit.log import AuditLog
from deskbell_daemon.gate.gate import Gate
from deskbell_daemon.gate.herald import Announce
from deskbell_daemon.gate.judgement import Subjects
from deskbell_daemon.gate.performance import Performance
from deskbell_daemon.gate.standing import StandingRules
from deskbell_daemon.ledger import Ledger
from deskbell_daemon.link.clock import RelayClock
from deskbell_daemon.link.connection import Connection
from deskbell_daemon.link.events import Events
from deskbell_daemon.link.pairing import open_http
from deskbell_daemon.link.relay import Relay
from deskbell_daemon.link.reports import Reports
from deskbell_daemon.link.stream import Stream
from deskbell_daemon.link.tokens import Tokens
from deskbell_daemon.secrets.store import SecretStore
from deskbell_daemon.settings import Settings
from deskbell_daemon.state import State, StateFile
from deskbell_wire import clock
from deskbell_wire.actions import Action
from deskbell_wire.errors import Problem
from deskbell_wire.local import LocalAction

log = structlog.get_logger()


class Line:
    """The line of one device to one relay."""

    def __init__(
        self,
        settings: Settings,
        state: State,
        state_file: StateFile,
        *,
        secrets: SecretStore,
        ledger: Ledger,
        audit: AuditLog,
        rules: StandingRules,
        performance: Performance,
        relay_clock: RelayClock,
        connection: Connection,
        announce: Announce,
        catalogue: Mapping[str, Action],
        actions: list[str],
        local_actions: Callable[[], list[LocalAction]],
        subjects: Subjects,
    ) -> None:
        """`local_actions`: what the person has set up, as it is to be declared now."""
        assert state.relay_url is not None
        assert state.device_id is not None
        self._limits = settings.limits
        self._state = state
        self._state_file = state_file
        self._clock = relay_clock
        self._actions = sorted(actions)
        self._local_actions = local_actions
        self._declaring = asyncio.Lock()
        self._http = open_http(settings.limits.request_s)
        self.relay = Relay(self._http, state.relay_url, Tokens(self._http, state.relay_url, secrets))
        self.reports = Reports(self.relay, ledger, settings.limits)
        self.gate = Gate(
            state.device_id,
            ledger,
            self.reports,
            performance,
            relay_clock,
            audit=audit,
            rules=rules,
            consent=settings.consent,
            limits=settings.limits,
            announce=announce,
            paused=state.paused,
            catalogue=catalogue,
            subjects=subjects,
        )
        events = Events(state.device_id, ledger, self.gate, relay_clock, announce)
        self.stream = Stream(self.relay, events, connection, settings.limits, self._opened)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stream_task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Take up what was left, then listen."""
        await self.gate.recover()
        self._stream_task = asyncio.create_task(self.stream.run(), name="stream")

    async def close(self) -> None:
        """Listen no more, finish and record what has begun, tell the relay what is told quickly."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        if self._stream_task is not None:
            self._stream_task.cancel()
            await asyncio.gather(self._stream_task, return_exceptions=True)
        await self.gate.drain(self._limits.drain_s)
        left = self._limits.drain_s - (loop.time() - began)
        await self.reports.close(max(0.5, left))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.close()

    async def _opened(self) -> None:
        self.gate.remind()
        # Aside: the stream must be read on while this asks the relay.
        for work in (self.reports.resume(), self._declare(), self._keep_clock()):
            self._aside(work)

    def declare(self) -> None:
        """What this device can do has changed: tell the relay."""
        self._aside(self._declare())

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            code = error.code if isinstance(error, Problem) else type(error).__name__
            log.warning("after_opening_failed", code=code)  # all of it is done again when the stream opens next

    async def _declare(self) -> None:
        async with self._declaring:  # one after the other: the last one told is the one that counts
            local = [action.model_dump(mode="json", exclude_none=True) for action in self._local_actions()]
            told: dict[str, Any] = {}
            if self._state.declared_actions != self._actions:
                told["actions"] = self._actions
            if self._state.declared_local_actions != local:
                told["local_actions"] = local
            if not told:
                return
            await self.relay.call("PATCH", f"/v1/devices/{self._state.device_id}", told)
            self._state = await asyncio.to_thread(
                self._state_file.update, declared_actions=self._actions, declared_local_actions=local
            )
            log.info("actions_declared", actions=len(self._actions), local_actions=len(local))

    async def _keep_clock(self) -> None:
        # For a start without the relay: deadlines are by its clock.
        offset_us = self._clock.offset_us
        if abs(offset_us - self._state.clock_offset_us) > clock.SECOND:
            self._state = await asyncio.to_thread(self._state_file.update, clock_offset_us=offset_us)
            log.warning("clock_differs", offset_s=round(offset_us / clock.SECOND))
