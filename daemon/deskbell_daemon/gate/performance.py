"""Performs one job in a thread and makes its report, whatever happens inside."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

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


class Performance:
    """A small pool of threads, and the table of what each action does."""

    def __init__(
        self,
        performers: Mapping[str, Performer],
        context: Callable[[str], Any],
        relay_clock: RelayClock,
        *,
        threads: int,
        output_bytes: int,
    ) -> None:
        """`context` makes what a performer gets besides its input, from the command's id; called in the thread."""
        self._performers = performers
        self._context = context
        self._clock = relay_clock
        self._output_bytes = output_bytes
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="performer")

    def knows(self, action: str) -> bool:
        return action in self._performers

    async def perform(self, job: Job) -> Report:
        """Never raises, cancellation excepted."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._perform, job)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _perform(self, job: Job) -> Report:
        try:
            output = self._performers[job.action.id](job.arguments, self._context(job.id))
            # What is null is left out: the schemas that the doors show do not know null, and clients check answers.
            document = output.model_dump(mode="json", exclude_none=True)
            size = len(output.model_dump_json(exclude_none=True).encode())
        except Problem as problem:
            return Report(status="failed", error=failure(problem), acted_at=self._now())
        except Exception as error:  # noqa: BLE001 - a fault in one action must not silence the bell
            log.error("performer_failed", command=job.id, action=job.action.id, **fault(error))
            unexpected = Problem("internal", f"The laptop met an unexpected {type(error).__name__} in {job.action.id}.")
            return Report(status="failed", error=failure(unexpected), acted_at=self._now())
        if size > self._output_bytes:
            too_large = Problem(
                "body_too_large", f"The output has {size} bytes; {self._output_bytes} fit into an answer."
            )
            return Report(status="failed", error=failure(too_large), acted_at=self._now())
        return Report(status="done", output=document, acted_at=self._now())

    def _now(self) -> str:
        return clock.to_timestamp(self._clock.now_us())


def failure(problem: Problem) -> Failure:
    """A problem as the part of a report that says why."""
    return Failure(code=problem.code, message=problem.detail[:2_000], next_step=problem.next_step[:1_000])
