"""What is to become of a command that just came in, decided by local rules alone. The relay is not trusted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ValidationError

from deskbell_daemon.gate.job import Job, Subject
from deskbell_daemon.gate.performance import failure, interrupted
from deskbell_daemon.gate.policy import decide
from deskbell_daemon.link.clock import RelayClock
from deskbell_daemon.settings import Consent
from deskbell_wire import clock
from deskbell_wire.actions import Action
from deskbell_wire.command import Command
from deskbell_wire.errors import Problem
from deskbell_wire.result import Report, ReportStatus


@dataclass(frozen=True, slots=True)
class Judgement:
    """Either a `report` at once, or a `job`, which waits for a person if `ask`."""

    report: Report | None = None
    job: Job | None = None
    ask: bool = False


Subjects = Mapping[str, Callable[[Any], Subject]]
"""By action, for those whose arguments name what is really asked for. Each raises Problem when that is not there."""


class Judge:
    """Knows the catalogue, the rules and the clock."""

    def __init__(
        self,
        catalogue: Mapping[str, Action],
        knows: Callable[[str], bool],
        consent: Consent,
        relay_clock: RelayClock,
        subjects: Subjects,
    ) -> None:
        self.consent = consent
        self._catalogue = catalogue
        self._knows = knows
        self._clock = relay_clock
        self._subjects = subjects

    def judge(self, command: Command, *, paused: bool, allowed: Callable[[str, str], bool]) -> Judgement:
        """`allowed(key, grant_id)`: whether the person has allowed that subject for an hour."""
        action = self._catalogue.get(command.action)
        if action is None or action.performer != "device" or not self._knows(action.id):
            return _no("failed", Problem("unknown_action", f"This laptop cannot do {command.action!r}."))
        if paused:
            return Judgement(paused_report())
        try:
            expires_us = clock.from_timestamp(command.expires_at)
        except ValueError:
            return _no("failed", Problem("malformed_request", f"{command.expires_at!r} is no instant."))
        if self._clock.now_us() >= expires_us:
            return Judgement(expired_report(command.expires_at))
        try:
            arguments: BaseModel = action.input.model_validate(command.arguments)
        except ValidationError as error:
            return _no("failed", Problem("invalid_arguments", _faults(action.id, error)))
        try:
            subject = self._subject(action, arguments)
        except Problem as problem:
            return _no("failed", problem)
        rule = decide(self.consent, action, command.assistant, subject.rule)
        if rule == "refuse":
            return _no(
                "refused",
                Problem(
                    "refused",
                    f"The rules on this laptop do not let {command.assistant.name!r} do {action.id}.",
                    next_step="The person can change the rule in the laptop's config.toml.",
                ),
            )
        ask = rule == "ask" and not allowed(subject.key, command.assistant.grant_id)
        # Repeatable and unasked: its start is recorded with its receipt, in one commit.
        started = action.repeatable and not ask
        return Judgement(job=Job(command, action, arguments, expires_us, rule, subject, started), ask=ask)

    def renewed(self, job: Job) -> Job | None:
        """The job with what its arguments stand for now; None when that is gone."""
        if not job.subject.as_seen:
            return job
        try:
            return replace(job, subject=self._subject(job.action, job.arguments))
        except Problem:
            return None

    def is_as_seen(self, job: Job) -> bool:
        """Whether what the person was asked about is still what would be done. On the loop, right before it is."""
        if not job.subject.as_seen:
            return True
        try:
            return self._subject(job.action, job.arguments).key == job.subject.key
        except Problem:
            return False

    def _subject(self, action: Action, arguments: BaseModel) -> Subject:
        of = self._subjects.get(action.id)
        return of(arguments) if of is not None else Subject(action.id, action.title)


def _no(status: ReportStatus, problem: Problem) -> Judgement:
    return Judgement(Report(status=status, error=failure(problem)))


def _faults(action: str, error: ValidationError) -> str:
    faults = [
        f"{'.'.join(str(part) for part in item['loc']) or 'all'}: {item['msg']}"
        for item in error.errors(include_url=False, include_input=False)[:5]
    ]
    return f"The arguments do not fit {action}: {'; '.join(faults)}."[:2_000]


def paused_report() -> Report:
    return Report(status="refused", error=failure(Problem("paused", "Deskbell is paused on this laptop.")))


def expired_report(expires_at: str) -> Report:
    return Report(
        status="expired", error=failure(Problem("command_expired", f"It was to be started before {expires_at}."))
    )


def unreadable_report() -> Report:
    problem = Problem("malformed_request", "The laptop could not read this command: the relay may be newer.")
    return Report(status="failed", error=failure(problem))


def refused_report() -> Report:
    return Report(status="refused", error=failure(Problem("refused", "The person at the laptop refused this.")))


def interrupted_report(action: str) -> Report:
    return Report(status="interrupted", error=interrupted(action))


def changed_report(title: str) -> Report:
    problem = Problem("action_changed", f"{title} was changed on the laptop after this was asked; nothing was run.")
    return Report(status="failed", error=failure(problem))
