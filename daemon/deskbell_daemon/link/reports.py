"""Results and progress on their way to the relay: kept until it has them, a few at once, never twice at once."""

import asyncio

import structlog

from deskbell_daemon.ledger import Ledger
from deskbell_daemon.limits import Limits
from deskbell_daemon.link.backoff import Backoff
from deskbell_daemon.link.relay import Answer, Relay
from deskbell_wire.errors import Problem
from deskbell_wire.result import Failure, Progress, Report

log = structlog.get_logger()

_FINAL = {404: "command_not_found", 409: "result_conflict", 410: "command_expired"}
"""Answers that end the retry: the relay will never take this report."""

_UNFIT = frozenset({400, 413, 415, 422})


class Reports:
    """The outbox is the ledger: what is finished there and not yet reported. Nothing else is kept."""

    def __init__(self, relay: Relay, ledger: Ledger, limits: Limits) -> None:
        self._relay = relay
        self._ledger = ledger
        self._limits = limits
        self._slots = asyncio.Semaphore(limits.parallel_reports)
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._progress: set[asyncio.Task[None]] = set()
        self._reachable = asyncio.Event()

    def send(self, command_id: str, report: str) -> None:
        """Post `report` (JSON) until the relay has it. A command that is being sent already is left alone."""
        if command_id not in self._sending:
            task = asyncio.create_task(self._send(command_id, report), name=f"report {command_id}")
            self._sending[command_id] = task
            task.add_done_callback(lambda done: self._sent(command_id, done))

    def progress(self, command_id: str, progress: Progress) -> None:
        """Tell how it goes, once; the result that follows matters more."""
        task = asyncio.create_task(self._tell(command_id, progress.model_dump_json(exclude_none=True).encode()))
        self._progress.add(task)
        task.add_done_callback(self._progress.discard)

    async def resume(self) -> None:
        """The stream is open: send all that waits, at once."""
        self._reachable.set()
        for entry in await self._ledger.unreported():
            if entry.report is not None:
                self.send(entry.id, entry.report)

    async def close(self, timeout_s: float) -> None:
        """Give what is under way `timeout_s`; the rest stands in the ledger for the next start."""
        tasks = [*self._sending.values(), *self._progress]
        if tasks:
            await asyncio.wait(tasks, timeout=timeout_s)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def in_flight(self) -> int:
        return len(self._sending)

    def _sent(self, command_id: str, task: "asyncio.Task[None]") -> None:
        self._sending.pop(command_id, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("report_failed", command=command_id, error=type(error).__name__, detail=str(error)[:300])

    async def _send(self, command_id: str, report: str) -> None:
        backoff = Backoff(self._limits.backoff_first_s, self._limits.backoff_last_s)
        body = report.encode()
        shortened = False
        while True:
            try:
                async with self._slots:
                    answer = await self._relay.ask("POST", f"/v1/commands/{command_id}/result", raw=body)
            except Problem as problem:
                if problem.code in {"revoked_token", "not_paired"}:
                    return  # it stays in the ledger; a new pairing, or none, decides
                pause = float(problem.extra.get("retry_after_s", 0))
            else:
                outcome = self._outcome(answer)
                if outcome is not None:
                    await self._ledger.reported(command_id, outcome)
                    return
                if answer.status in _UNFIT:
                    if shortened:
                        log.error("report_given_up", command=command_id, status=answer.status)
                        await self._ledger.reported(command_id, f"refused_{answer.status}")
                        return
                    body, shortened = _excuse(report, answer), True
                    continue
                pause = answer.retry_after_s
            await self._pause(backoff.next_s(pause), hurry=pause == 0)

    def _outcome(self, answer: Answer) -> str | None:
        if answer.status < 300:
            return "taken"
        return _FINAL.get(answer.status)

    async def _pause(self, seconds: float, *, hurry: bool) -> None:
        # A relay that comes back ends the pause early, unless it asked for the pause itself.
        self._reachable.clear()
        try:
            async with asyncio.timeout(seconds):
                await (self._reachable if hurry else asyncio.Event()).wait()
        except TimeoutError:
            return

    async def _tell(self, command_id: str, body: bytes) -> None:
        try:
            async with self._slots:
                if command_id in self._sending:
                    return
                answer = await self._relay.ask("POST", f"/v1/commands/{command_id}/progress", raw=body)
        except Problem as problem:
            log.debug("progress_not_told", command=command_id, code=problem.code)
            return
        if answer.status >= 400:
            log.debug("progress_refused", command=command_id, status=answer.status)


def _excuse(report: str, answer: Answer) -> bytes:
    said = answer.problem()
    acted_at = Report.model_validate_json(report).acted_at
    failure = Failure(
        code="body_too_large" if answer.status == 413 else "internal",
        message=f"The laptop did it, but the relay did not take the result: {said.detail}"[:2_000],
        next_step="Check the effect on the laptop before asking again.",
    )
    return Report(status="failed", error=failure, acted_at=acted_at).model_dump_json(exclude_none=True).encode()
