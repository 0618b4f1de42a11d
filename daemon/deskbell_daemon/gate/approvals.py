"""Commands that wait for a person, and what the person has allowed for an hour."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from deskbell_daemon.gate.job import Job
from deskbell_daemon.link.clock import RelayClock
from deskbell_wire import clock
from deskbell_wire.errors import Problem

_LOOK_AGAIN_S = 60.0  # a laptop sleeps and clocks are set: a timer alone is not to be trusted for a day


@dataclass(slots=True)
class _Waiting:
    job: Job
    asked_us: int
    timer: asyncio.TimerHandle | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One waiting command. `asked_us` by this machine's clock."""

    job: Job
    asked_us: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """What runs without asking for a while: one action of one assistant. `until_us` by this machine's clock."""

    action: str
    title: str
    grant_id: str
    assistant: str
    until_us: int


class Approvals:
    """In the order of asking. Lives on the loop's thread; what must survive stands in the ledger."""

    def __init__(self, relay_clock: RelayClock, expired: Callable[[Job], None], allow_s: float) -> None:
        self._clock = relay_clock
        self._expired = expired
        self._allow_s = allow_s
        self._waiting: dict[str, _Waiting] = {}
        self._allowed: dict[tuple[str, str], tuple[float, Allowance]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, job: Job) -> None:
        """Wait for a person until the command expires; then `expired` is called."""
        waiting = _Waiting(job, clock.now_us())
        self._waiting[job.id] = waiting
        self._arm(waiting)

    def take(self, command_id: str) -> Job:
        """Remove it from those that wait. Raises Problem `request_not_found`."""
        job = self.discard(command_id)
        if job is None:
            raise Problem("request_not_found", f"No command {command_id[:60]!r} waits for an answer.")
        return job

    def discard(self, command_id: str) -> Job | None:
        waiting = self._waiting.pop(command_id, None)
        if waiting is None:
            return None
        if waiting.timer is not None:
            waiting.timer.cancel()
        return waiting.job

    def clear(self) -> list[Job]:
        """Take all of them."""
        return [job for command_id in list(self._waiting) if (job := self.discard(command_id)) is not None]

    def requests(self) -> list[Request]:
        """All that wait."""
        return [Request(waiting.job, waiting.asked_us) for waiting in self._waiting.values()]

    def allow(self, job: Job) -> None:
        """This subject, asked for by this assistant, runs without asking for an hour."""
        assistant = job.command.assistant
        until = Allowance(
            job.action.id,
            job.subject.title,
            assistant.grant_id,
            assistant.name,
            clock.now_us() + int(self._allow_s * clock.SECOND),
        )
        # Monotonic: setting the clock back must not lengthen it.
        self._allowed[job.subject.key, assistant.grant_id] = time.monotonic() + self._allow_s, until

    def is_allowed(self, key: str, grant_id: str) -> bool:
        """Whether the subject of that key may run unasked for this grant."""
        found = self._allowed.get((key, grant_id))
        if found is None:
            return False
        if time.monotonic() < found[0]:
            return True
        del self._allowed[key, grant_id]
        return False

    def allowances(self) -> list[Allowance]:
        return [allowance for until, allowance in self._allowed.values() if time.monotonic() < until]

    def forget_allowances(self) -> None:
        self._allowed.clear()

    def _arm(self, waiting: _Waiting) -> None:
        left = (waiting.job.expires_us - self._clock.now_us()) / clock.SECOND
        loop = asyncio.get_running_loop()
        waiting.timer = loop.call_later(min(max(left, 0.0), _LOOK_AGAIN_S), self._look, waiting)

    def _look(self, waiting: _Waiting) -> None:
        if self._waiting.get(waiting.job.id) is not waiting:
            return
        if self._clock.now_us() >= waiting.job.expires_us:
            del self._waiting[waiting.job.id]
            self._expired(waiting.job)
        else:
            self._arm(waiting)
