"""The desk: what a person is asked, what the answer is, and for how long it holds. Every answer is in the audit log first."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import structlog

from deskbell_daemon.audit.log import AuditLog
from deskbell_daemon.audit.record import digest
from deskbell_daemon.gate.approvals import Approvals
from deskbell_daemon.gate.definitions import Definitions
from deskbell_daemon.gate.herald import Announce, Herald
from deskbell_daemon.gate.job import Job
from deskbell_daemon.gate.standing import DEFAULT_DAYS, StandingRules
from deskbell_daemon.limits import Limits
from deskbell_daemon.link.clock import RelayClock
from deskbell_wire.command import Command
from deskbell_wire.errors import Problem

log = structlog.get_logger()

Scope = Literal["once", "hour", "always"]
By = Literal["page", "cli", "tray", "notification", "extension"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A yes. `definition`: of what the person saw; None where it was not shown. `days`: how long an `always` holds."""

    scope: Scope = "once"
    by: By = "cli"
    definition: str | None = None
    days: int = DEFAULT_DAYS


class Desk:
    """Lives on the loop's thread. `approvals` are what waits; `rules` what is always allowed."""

    def __init__(
        self,
        audit: AuditLog,
        rules: StandingRules,
        definitions: Definitions,
        relay_clock: RelayClock,
        *,
        limits: Limits,
        announce: Announce,
        expired: Callable[[Job], None],
        renewed: Callable[[Job], Job | None],
    ) -> None:
        """`renewed`: the job with what it stands for now; None when that is gone."""
        self.approvals = Approvals(relay_clock, expired, limits.allow_hour_s)
        self.audit = audit
        self.rules = rules
        self._definitions = definitions
        self._limits = limits
        self._announce = announce
        self._renewed = renewed
        self._herald = Herald(announce, lambda: [request.job.id for request in self.approvals.requests()])
        self._coming: dict[str, str] = {}  # command → grant: to be asked, not yet in the ledger
        self._voiding: set[asyncio.Task[None]] = set()
        self._notes: dict[str, str] = {}  # command → what the person should know besides

    # Before the question

    def allowed(self, key: str, grant_id: str) -> bool:
        """Whether the person has allowed the subject of that key, for an hour or always."""
        if self.approvals.is_allowed(key, grant_id):
            return True
        return self.rules.find(*self._definitions.of(key), grant_id) is not None

    def crowded(self, command: Command) -> Problem | None:
        """Why this one cannot wait too; None: it can, and its place is kept until `ask` or `let_go`."""
        limits, grant = self._limits, command.assistant.grant_id
        grants = [request.job.command.assistant.grant_id for request in self.approvals.requests()]
        grants += self._coming.values()
        if len(grants) >= limits.waiting_commands:
            return Problem("too_many_pending", f"{limits.waiting_commands} commands already wait for the person.")
        if grants.count(grant) >= limits.waiting_of_one:
            return Problem(
                "too_many_pending", f"{limits.waiting_of_one} commands of this assistant already wait for the person."
            )
        self._coming[command.id] = grant
        return None

    def let_go(self, command_id: str) -> None:
        """Its place is free again."""
        self._coming.pop(command_id, None)

    def received(self, command: Command, job: Job | None, ask: bool) -> None:
        """It is in the ledger. What needs the person's consent and has it already is recorded as answered."""
        self._record_command("received", command, rule=job.rule if job is not None else None)
        if job is not None and job.rule == "ask" and not ask:
            thing, definition = self.identity(job)
            rule = self.rules.find(thing, definition, command.assistant.grant_id)
            facts = {"id": job.id, "answer": "approved", "by": "rule", "definition": definition}
            scope = {"scope": "hour"} if rule is None else {"scope": "always", "rule": rule.id}
            self.audit.write("answered", facts | scope)

    def ask(self, job: Job) -> None:
        """Put it before the person."""
        self.let_go(job.id)
        thing, definition = self._definitions.of(job.subject.key)
        grant = job.command.assistant.grant_id
        for rule in self.rules.outdated(thing, definition, grant):
            self._notes[job.id] = (
                f"You had allowed {rule.title!r} for good, and it has changed since: so you are asked again."
            )
            voiding = asyncio.create_task(self._void(rule.id))
            self._voiding.add(voiding)
            voiding.add_done_callback(self._voiding.discard)
        self.approvals.add(job)
        self.audit.write("asked", {"id": job.id, "thing": thing, "definition": definition, "grant": grant}, lazy=True)
        self._herald.request(
            grant, {"id": job.id, "action": job.action.id, "assistant": job.command.assistant.name, "thing": thing}
        )

    def note(self, command_id: str) -> str | None:
        """What the person should know about a request besides its content."""
        return self._notes.get(command_id)

    def identity(self, job: Job) -> tuple[str, str]:
        """The thing and its definition."""
        return self._definitions.of(job.subject.key)

    # The answer

    async def take_yes(self, command_id: str, answer: Answer) -> Job:
        """Take it from what waits, with the answer in the audit log and its rule in place.

        Raises Problem `request_not_found`, `request_changed`, `malformed_request`, and when something cannot be
        written: then it waits on.
        """
        job = self.approvals.take(command_id)
        try:
            self._check_seen(job, answer)
            thing, definition = self.identity(job)
            grant = job.command.assistant.grant_id
            if answer.scope == "always":
                rule = self.rules.draft(job, thing, definition, answer.days)
                facts = {"rule": rule.id, "thing": thing, "definition": definition, "grant": grant, "days": answer.days}
                await self.audit.write("rule_given", {**facts, "by": answer.by})
                await self.rules.give(rule)
                self._announce("rules", {"rules": len(self.rules.all())})
            await self.audit.write(
                "answered",
                {"id": job.id, "answer": "approved", "by": answer.by, "scope": answer.scope, "definition": definition},
            )
        except Problem as problem:
            if problem.code == "request_changed":
                self._show_changed(job)
            else:
                self.approvals.add(job)
            raise
        if answer.scope == "hour":
            self.approvals.allow(job)
        self._answered(job, "approved", answer.by, answer.scope)
        return job

    async def take_no(self, command_id: str, by: By) -> Job:
        """Take it from what waits. A no holds also when it cannot be recorded. Raises Problem `request_not_found`."""
        job = self.approvals.take(command_id)
        self.audit.write("answered", {"id": job.id, "answer": "refused", "by": by})
        self._answered(job, "refused", by)
        return job

    def put_back(self, job: Job) -> None:
        """It could not be started: it waits on."""
        self.approvals.add(job)

    def renew(self) -> None:
        """The definitions may have changed: what waits is shown as it is now."""
        for request in self.approvals.requests():
            fresh = self._renewed(request.job)
            if fresh is None or fresh.subject != request.job.subject:
                self.approvals.discard(request.job.id)
                self._show_changed(request.job)

    def close(self) -> None:
        self._herald.close()
        self.approvals.clear()

    # Records of what the gate does

    async def starting(self, job: Job) -> None:
        """Before the effect. What a person is asked about runs only once this is on the disk: raises Problem then."""
        asked = job.rule == "ask"
        written = self.audit.write("started", {"id": job.id, "thing": self.identity(job)[0]}, lazy=not asked)
        if asked:
            await written
        self._announce("started", {"id": job.id, "action": job.action.id})

    def finished(self, command_id: str, action: str, status: str, code: str | None) -> None:
        self._notes.pop(command_id, None)
        self.audit.write("finished", {"id": command_id, "action": action, "status": status, "code": code}, lazy=True)

    # Inside

    async def _void(self, rule_id: str) -> None:
        """It allows nothing already; should the old definition come back, it shall not either."""
        self.audit.write("rule_void", {"rule": rule_id}, lazy=True)
        try:
            await self.rules.revoke(rule_id)
        except Problem as problem:
            log.warning("rule_not_removed", rule=rule_id, code=problem.code)

    def _check_seen(self, job: Job, answer: Answer) -> None:
        fresh = self._renewed(job)
        if fresh is None or fresh.subject.key != job.subject.key:
            raise Problem("request_changed", f"{job.subject.title} was changed on this laptop after it was asked for.")
        if answer.definition is not None and answer.definition != self.identity(job)[1]:
            raise Problem("request_changed", f"{job.subject.title} is no longer what was shown to you.")

    def _show_changed(self, job: Job) -> None:
        """Ask again with what it stands for now. What is gone fails when it is started."""
        fresh = self._renewed(job) or job
        self._notes[job.id] = "What this does was changed on this laptop after the assistant asked for it."
        self.approvals.add(fresh)
        self._announce("waiting", {"waiting": len(self.approvals)})

    def _answered(self, job: Job, answer: str, by: By, scope: str | None = None) -> None:
        log.info(answer, command=job.id, action=job.action.id, scope=scope, by=by)
        self._announce("request_answered", {"id": job.id, "answer": answer})

    def _record_command(self, event: str, command: Command, **more: Any) -> None:
        assistant = command.assistant

        def facts() -> dict[str, Any]:
            return {
                "id": command.id,
                "action": command.action,
                "grant": assistant.grant_id,
                "assistant": assistant.name,
                "host": assistant.host,
                "size": len(str(command.arguments)),
                "arguments_hash": digest(command.arguments),
                **more,
            }

        self.audit.write(event, facts, lazy=True)
