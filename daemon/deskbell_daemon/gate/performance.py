"""Performs one job, in a thread or on the loop, and makes its report, whatever happens inside."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

import structlog
from pydantic import BaseModel

from deskbell_daemon.gate.job import Job
from deskbell_daemon.link.clock import RelayClock
from deskbell_daemon.logs import fault
from deskbell_wire import clock
from deskbell_wire.errors import Problem
from deskbell_wire.result import Failure, Report

log = structlog.get_logger()

Performer = Callable[[Any, Any], BaseModel]
"""Takes an action's input and a Context, gives its output. Synchronous; raises Problem."""

LivePerformer = Callable[[Any, Any], Coroutine[Any, Any, BaseModel]]
"""The same on the event loop, with a LiveContext: for what takes long, tells how far it is and can be stopped."""

AnyPerformer = Performer | LivePerformer

StopStatus = Literal["cancelled", "interrupted"]

MOST_EARLY = 1_000
"""How many commands are remembered that were cancelled and do not run here: a cancel can come while one is being started."""


class Stopped(Exception):  # noqa: N818 - no error
    """A live performer ended its work early, because it was asked to."""


@dataclass(slots=True)
class Run:
    """One job of a live performer, while it lasts."""

    command_id: str
    tell: Callable[[str], None]
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    status: StopStatus = "cancelled"

    def restarting(self) -> bool:
        """Whether it is stopped because the daemon stops."""
        return self.status == "interrupted"


class Performance:
    """A small pool of threads, and the table of what each action does."""

    def __init__(
        self,
        performers: Mapping[str, AnyPerformer],
        context: Callable[[str], Any],
        relay_clock: RelayClock,
        *,
        threads: int,
        output_bytes: int,
        live_context: Callable[[Run], Any] | None = None,
    ) -> None:
        """`context` makes what a performer gets besides its input, from the command's id; called in the thread.

        `live_context` does so for a live performer; called on the loop.
        """
        self._threaded: dict[str, Performer] = {}
        self._live: dict[str, LivePerformer] = {}
        for action, perform in performers.items():
            table: dict[str, Any] = self._live if inspect.iscoroutinefunction(perform) else self._threaded
            table[action] = perform
        self._live_context = live_context
        self._runs: dict[str, Run] = {}
        self._early: dict[str, None] = {}
        self._context = context
        self._clock = relay_clock
        self._output_bytes = output_bytes
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="performer")

    def knows(self, action: str) -> bool:
        return action in self._threaded or action in self._live

    def is_live(self, action: str) -> bool:
        """Whether it is performed on the loop, and can be stopped."""
        return action in self._live

    async def perform(self, job: Job, tell: Callable[[str], None]) -> Report:
        """`tell` takes lines about how far it is. Never raises, cancellation excepted."""
        if not self.is_live(job.action.id):
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._perform, job)
        if job.id in self._early:
            del self._early[job.id]
            return Report(status="cancelled")
        run = self._runs[job.id] = Run(job.id, tell)
        try:
            return await self._perform_live(job, run)
        finally:
            del self._runs[job.id]

    def stop(self, command_id: str, status: StopStatus) -> None:
        """Ask a live performer to end soon. Its report will have `status`, if it was in time.

        One that is just about to begin will not; what has ended already, or was never here, is forgotten in time.
        """
        run = self._runs.get(command_id)
        if run is None:
            self._early[command_id] = None
            while len(self._early) > MOST_EARLY:
                del self._early[next(iter(self._early))]
        elif not run.stopped.is_set():
            run.status = status
            run.stopped.set()

    def stop_all(self, status: StopStatus) -> None:
        """Ask all of them."""
        for command_id in list(self._runs):
            self.stop(command_id, status)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _perform(self, job: Job) -> Report:
        try:
            return self._done(self._threaded[job.action.id](job.arguments, self._context(job.id)))
        except Exception as error:  # noqa: BLE001 - a fault in one action must not silence the bell
            return self._failed(job, error)

    async def _perform_live(self, job: Job, run: Run) -> Report:
        assert self._live_context is not None, "who has live performers has a context for them"
        try:
            return self._done(await self._live[job.action.id](job.arguments, self._live_context(run)))
        except Stopped:
            if run.restarting() and job.action.repeatable:
                raise asyncio.CancelledError from None  # the ledger has it as started: the next start begins it again
            error = interrupted(job.action.id) if run.status == "interrupted" else None
            return Report(status=run.status, error=error, acted_at=self._now())
        except Exception as error:  # noqa: BLE001 - as above
            return self._failed(job, error)

    def _failed(self, job: Job, error: Exception) -> Report:
        if not isinstance(error, Problem):
            log.error("performer_failed", command=job.id, action=job.action.id, **fault(error))
            error = Problem("internal", f"The laptop met an unexpected {type(error).__name__} in {job.action.id}.")
        return Report(status="failed", error=failure(error), acted_at=self._now())

    def _done(self, output: Any) -> Report:
        # What is null is left out: the schemas that the doors show do not know null, and clients check answers.
        document = output.model_dump(mode="json", exclude_none=True)
        size = len(output.model_dump_json(exclude_none=True).encode())
        if size > self._output_bytes:
            too_large = Problem(
                "body_too_large", f"The output has {size} bytes; {self._output_bytes} fit into an answer."
            )
            return Report(status="failed", error=failure(too_large), acted_at=self._now())
        return Report(status="done", output=document, acted_at=self._now())

    def _now(self) -> str:
        return clock.to_timestamp(self._clock.now_us())


def interrupted(action: str) -> Failure:
    """Why a command has no proper end: the laptop went away meanwhile."""
    return failure(Problem("interrupted", f"The laptop stopped in the middle of {action}; it may have happened."))


def failure(problem: Problem) -> Failure:
    """A problem as the part of a report that says why."""
    return Failure(code=problem.code, message=problem.detail[:2_000], next_step=problem.next_step[:1_000])
