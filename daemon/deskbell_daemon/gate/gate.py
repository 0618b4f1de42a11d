"""The gate: every command passes it once, from receipt to report, by the person's rules and in the relay's order."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import structlog
from pydantic import TypeAdapter, ValidationError

from deskbell_daemon.audit.log import AuditLog
from deskbell_daemon.gate.definitions import Definitions
from deskbell_daemon.gate.desk import Answer, By, Desk
from deskbell_daemon.gate.herald import Announce
from deskbell_daemon.gate.job import Job
from deskbell_daemon.gate.judgement import (
    Judge,
    Subjects,
    changed_report,
    expired_report,
    interrupted_report,
    paused_report,
    refused_report,
    unreadable_report,
)
from deskbell_daemon.gate.lane import Lane
from deskbell_daemon.gate.outbox import AWAITING, Outbox
from deskbell_daemon.gate.performance import Performance, failure
from deskbell_daemon.gate.standing import StandingRules
from deskbell_daemon.ledger import Admission, Entry, Ledger, State, new_entry
from deskbell_daemon.limits import Limits
from deskbell_daemon.link.backoff import Backoff
from deskbell_daemon.link.clock import RelayClock
from deskbell_daemon.settings import Consent
from deskbell_wire import clock
from deskbell_wire.actions import BY_ID, Action
from deskbell_wire.command import Command
from deskbell_wire.errors import Problem
from deskbell_wire.ids import CommandId
from deskbell_wire.result import Progress, Report

log = structlog.get_logger()

SLOW_S = 1.0
"""What runs longer tells the relay that it runs."""

STOP_S = 4.0
"""What is stopped is asked first and made to end then; its end is recorded."""

_COMMAND_ID: TypeAdapter[str] = TypeAdapter(CommandId)


class Gate:
    """Lives on the loop's thread; actions are performed in others."""

    def __init__(
        self,
        device_id: str,
        ledger: Ledger,
        outbox: Outbox,
        performance: Performance,
        relay_clock: RelayClock,
        *,
        audit: AuditLog,
        rules: StandingRules,
        consent: Consent,
        limits: Limits,
        announce: Announce,
        paused: bool = False,
        catalogue: Mapping[str, Action] = BY_ID,
        subjects: Subjects | None = None,
    ) -> None:
        self.paused = paused
        self._device_id = device_id
        self._ledger = ledger
        self._outbox = outbox
        self._performance = performance
        self._clock = relay_clock
        self._limits = limits
        self._announce = announce
        self._judge = Judge(catalogue, performance.knows, consent, relay_clock, subjects or {})
        self._catalogue = catalogue
        self.desk = Desk(
            audit,
            rules,
            Definitions(catalogue),
            relay_clock,
            limits=limits,
            announce=announce,
            expired=self._expired,
            renewed=self._judge.renewed,
        )
        # What runs for an hour must not keep a note waiting.
        self._lanes = {False: Lane(limits.performers), True: Lane(limits.local_runs)}
        self._tasks: set[asyncio.Task[None]] = set()
        self._draining = False
        self._room = asyncio.Event()
        self._room.set()

    # The stream's side

    def receive(self, command: Command, cursor: str | None, stream: int) -> "asyncio.Future[None]":
        """Take a command. The future resolves when the ledger has it; it fails when the ledger could not write."""
        if command.device_id != self._device_id:
            log.warning("command_of_another_device", command=command.id, device=command.device_id)
            return self._skip(cursor, stream)
        judgement = self._judge.judge(command, paused=self.paused, allowed=self.desk.allowed)
        job, report, ask = judgement.job, judgement.report, judgement.ask
        if ask and (problem := self.desk.crowded(command)) is not None:
            job, ask = None, False
            report = Report(status="failed", error=failure(problem))
        state: State = "finished" if job is None else "waiting" if ask else "started" if job.started else "ready"
        entry = new_entry(command, state, report)
        if len(entry.payload) > self._limits.argument_bytes:
            problem = Problem("body_too_large", f"The arguments have more than {self._limits.argument_bytes} bytes.")
            self.desk.let_go(command.id)
            job, ask = None, False
            report = Report(status="failed", error=failure(problem))
            entry = replace(new_entry(command, "finished", report), payload="{}")  # not for the disk to keep
        taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ledger.admit(entry, cursor, stream).add_done_callback(
            lambda admitted: self._admitted(admitted, entry, job, ask, taken, command)
        )
        return taken

    def reject(self, command_id: str, cursor: str | None, stream: int) -> "asyncio.Future[None]":
        """A command event that is no command. Where its id can be read, the assistant hears why."""
        log.warning("command_not_understood", command=command_id[:60])
        try:
            _COMMAND_ID.validate_python(command_id)
        except ValidationError:
            return self._skip(cursor, stream)
        report = unreadable_report().model_dump_json(exclude_none=True)
        entry = Entry(command_id, "", "", "{}", b"", "finished", report=report)
        taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ledger.admit(entry, cursor, stream).add_done_callback(
            lambda admitted: self._admitted(admitted, entry, None, False, taken)
        )
        return taken

    def cancel(self, command_id: str) -> None:
        """The assistant no longer wants it. What has begun is stopped or goes on: its result says what happened."""
        job = self.desk.approvals.discard(command_id)
        for lane in self._lanes.values():
            job = job or lane.take(command_id)
        if job is not None:
            self._conclude(job, Report(status="cancelled"))
        else:
            self._performance.stop(command_id, "cancelled")

    async def room(self) -> None:
        """Wait until not too many commands are ready: the stream is not read faster than commands are performed."""
        await self._room.wait()

    # The person's side

    async def approve(self, command_id: str, answer: Answer | None = None) -> None:
        """Let a waiting command run. Raises Problem `request_not_found`, `request_changed`, `paused`, or of a disk."""
        if self.paused:
            raise Problem("paused", "Deskbell is paused: resume it before you approve anything.")
        job = await self.desk.take_yes(command_id, answer or Answer())
        try:
            await self._ledger.approve(command_id)
        except Problem:
            self.desk.put_back(job)
            raise
        self._enqueue(job)

    async def refuse(self, command_id: str, by: By = "cli") -> None:
        """Answer no. Raises Problem `request_not_found`."""
        job = await self.desk.take_no(command_id, by)
        await self._conclude(job, refused_report())

    def pause(self) -> None:
        """Refuse what waits, what is ready and what comes. What has begun is finished."""
        self.paused = True
        self.desk.approvals.forget_allowances()
        waiting = self.desk.approvals.clear()
        for job in [*waiting, *(job for lane in self._lanes.values() for job in lane.clear())]:
            self._conclude(job, paused_report())

    def panic(self) -> None:
        """Pause, and stop what can be stopped: the person's own programs end now."""
        self.pause()
        self._performance.stop_all("cancelled")

    def resume(self) -> None:
        self.paused = False

    def rule(self, consent: Consent) -> None:
        """The person has written other rules: they hold for what comes."""
        self._judge.consent = consent
        self.desk.renew()

    def remind(self) -> None:
        """Tell the relay again which commands wait for a person: it may not have heard."""
        for request in self.desk.approvals.requests():
            self._outbox.progress(request.job.id, AWAITING)

    # Start and stop

    async def recover(self) -> None:
        """Take up what the last run of this daemon left unfinished, before any stream is read."""
        for entry in await self._ledger.unfinished():
            try:
                command = entry.command
            except ValidationError:
                await self._ledger.finish(entry.id, interrupted_report(entry.action))
                continue
            if command.device_id != self._device_id:  # of a pairing that is over: there is nobody to report to
                await self._ledger.finish(entry.id, Report(status="cancelled"))
                self._ledger.reported(entry.id, "unpaired")
                continue
            self._recover(entry, command)

    def _recover(self, entry: Entry, command: Command) -> None:
        judgement = self._judge.judge(
            command, paused=self.paused, allowed=lambda key, grant: entry.approved or self.desk.allowed(key, grant)
        )
        job, ask = judgement.job, judgement.ask
        if job is not None and job.subject.as_seen and entry.approved:
            ask = job.rule == "ask"  # it may be another now than what the person saw
        if entry.state == "started":
            repeatable = job is not None and job.action.repeatable
            log.info("interrupted_command", command=entry.id, action=entry.action, again=repeatable)
            if job is not None and repeatable:
                self._enqueue(replace(job, started=True))
            else:
                self._spawn(self._finish(entry.id, entry.action, interrupted_report(entry.action)))
        elif job is None:
            assert judgement.report is not None
            self._spawn(self._finish(entry.id, entry.action, judgement.report))
        elif ask or entry.state == "waiting":
            self._ask(job)
        else:
            self._enqueue(replace(job, started=False))

    async def drain(self, timeout_s: float) -> None:
        """Begin nothing more; give what has begun `timeout_s` to be finished and recorded."""
        self._draining = True
        if self._tasks:
            _, left = await asyncio.wait(self._tasks, timeout=timeout_s)
            if left:
                self._performance.stop_all("interrupted")
                await asyncio.wait(left, timeout=STOP_S)
        for task in list(self._tasks):
            task.cancel()
        self.desk.close()

    @property
    def busy(self) -> int:
        """How many commands are ready or running."""
        return sum(len(lane) for lane in self._lanes.values())

    # Inside

    def _skip(self, cursor: str | None, stream: int) -> "asyncio.Future[None]":
        if cursor is not None:
            return self._ledger.move_cursor(cursor, stream)
        nothing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        nothing.set_result(None)
        return nothing

    def _admitted(
        self,
        admitted: "asyncio.Future[Admission]",
        entry: Entry,
        job: Job | None,
        ask: bool,
        taken: "asyncio.Future[None]",
        command: Command | None = None,
    ) -> None:
        if admitted.cancelled() or (error := admitted.exception()) is not None:
            self.desk.let_go(entry.id)
            if not taken.done():
                taken.set_exception(error if not admitted.cancelled() and error else asyncio.CancelledError())
            return
        admission = admitted.result()
        if not taken.done():
            taken.set_result(None)
        if admission.fresh and command is not None:
            self.desk.received(command, job, ask)
        if not admission.fresh:
            self.desk.let_go(entry.id)
            known = admission.entry
            log.info("seen_before", command=entry.id, same=admission.same, state=known.state)
            if known.state == "finished" and known.report is not None:
                self._outbox.send(known.id, known.report)
        elif entry.report is not None:
            self._outbox.send(entry.id, entry.report)
            self._tell(entry.id, entry.action, Report.model_validate_json(entry.report))
        elif job is not None:
            if ask and not self.paused:
                self._ask(job)
            else:
                self._enqueue(job)

    def _ask(self, job: Job) -> None:
        self.desk.ask(job)
        self._outbox.progress(job.id, AWAITING)

    def _expired(self, job: Job) -> None:
        self._conclude(job, expired_report(job.command.expires_at))

    def _enqueue(self, job: Job) -> None:
        if self.paused:  # since it was judged or approved
            self.desk.let_go(job.id)
            self._conclude(job, paused_report())
            return
        self._lane_of(job).add(job)
        if self._ready >= self._limits.ready_commands:
            self._room.clear()
        self._pump()

    def _lane_of(self, job: Job) -> Lane:
        return self._lanes[self._performance.is_live(job.action.id)]

    @property
    def _ready(self) -> int:
        return sum(lane.ready for lane in self._lanes.values())

    def _pump(self) -> None:
        for lane in self._lanes.values():
            while not self._draining and (job := lane.next()) is not None:
                self._spawn(self._run(job))
        if self._ready < self._limits.ready_commands:
            self._room.set()

    async def _run(self, job: Job) -> None:
        try:
            report = await self._act(job)
        finally:
            self._lane_of(job).ended(job)
            self._pump()
        await self._finish(job.id, job.action.id, report, notify=job.rule == "notify")

    async def _act(self, job: Job) -> Report:
        if self._clock.now_us() >= job.expires_us:
            return expired_report(job.command.expires_at)
        try:  # no record, no effect
            if not job.started:
                await self._ledger.start(job.id)
            await self.desk.starting(job)
        except Problem as problem:
            return Report(status="failed", error=failure(problem))
        slow = asyncio.get_running_loop().call_later(SLOW_S, self._outbox.progress, job.id, Progress(status="running"))

        def tell(line: str) -> None:
            slow.cancel()
            self._outbox.progress(job.id, Progress(status="running", message=line))

        try:
            if self.paused or not self._judge.is_as_seen(job):  # and nothing is awaited between this and its start
                return paused_report() if self.paused else changed_report(job.subject.title)
            return await self._performance.perform(job, tell)
        finally:
            slow.cancel()

    def _conclude(self, job: Job, report: Report) -> "asyncio.Task[None]":
        self._pump()
        return self._spawn(self._finish(job.id, job.action.id, report))

    async def _finish(self, command_id: str, action: str, report: Report, *, notify: bool = False) -> None:
        backoff = Backoff(self._limits.backoff_first_s, self._limits.backoff_last_s)
        unsent = True
        while True:
            try:
                await self._ledger.finish(command_id, report)
                break
            except Problem as problem:
                log.error("finish_not_recorded", command=command_id, code=problem.code)
                if unsent:  # the assistant need not wait for the laptop's disk; a second report changes nothing
                    unsent = False
                    self._outbox.send(command_id, report.model_dump_json(exclude_none=True))
                await asyncio.sleep(backoff.next_s())
        self._outbox.send(command_id, report.model_dump_json(exclude_none=True))
        self._tell(command_id, action, report, notify=notify)

    def _tell(self, command_id: str, action: str, report: Report, *, notify: bool = False) -> None:
        code = report.error.code if report.error else None
        self.desk.finished(command_id, action, report.status, code)
        log.info("command_finished", command=command_id, action=action, status=report.status, code=code)
        self._announce(
            "finished",
            {
                "id": command_id,
                "action": action,
                "status": report.status,
                "code": code,
                "notify": notify,
                "at": clock.to_timestamp(clock.now_us()),
            },
        )

    def _spawn(self, work: Any) -> "asyncio.Task[None]":
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
