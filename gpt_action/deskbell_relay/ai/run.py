"""One run: the task that owns its upstream call, its states, its stop."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from deskbell_relay.ai.failure import Failure
from deskbell_relay.ai.log import RunLog
from deskbell_relay.ai.settings import AiSettings
from deskbell_relay.ai.upstream import Outcome
from deskbell_wire.clock import SECOND, now_us, to_timestamp
from deskbell_wire.errors import Problem
from deskbell_wire.run import EndEvent, EndStatus, Message, RunInfo, RunNotice, RunStatus, Usage

log = structlog.get_logger()

CHARACTERS_PER_TOKEN: Final = 4
"""Of English prose, about; for where the provider does not say."""


class Answers(Protocol):
    """Who answers: hands the pieces to `take` as they come. Raises Failure; cancelled, it closes the call first."""

    async def stream(
        self, model: str, messages: list[dict[str, str]], take: Callable[[list[str]], None]
    ) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class Choice:
    """A provider and a model to ask."""

    provider: str
    model: str
    answers: Answers
    stops_billing: bool | None


class Run:
    """Starts with `begin`. Ends once, whatever happens: `log.end` then says how."""

    def __init__(
        self,
        run_id: str,
        account_id: str,
        messages: Sequence[Message],
        choices: Sequence[Choice],
        settings: AiSettings,
        *,
        most_characters: int,
        most_unread: int,
        save_as_note: bool,
    ) -> None:
        """`choices`: whom to ask, and whom to ask if that one fails before its first token."""
        self.id = run_id
        self.account_id = account_id
        self.save_as_note = save_as_note
        self.created_at = now_us()
        self.ended_at: int | None = None
        self.viewers = 0
        self._messages = [message.model_dump() for message in messages]
        self._choices = choices
        self._chosen = choices[0]
        self._settings = settings
        self._most_characters = most_characters
        self._retries = 0
        self._first_at: int | None = None
        self._last_at: int | None = None
        self._reason: Problem | None = None
        self._task: asyncio.Task[Outcome] | None = None
        self._over = asyncio.Event()
        self.spoken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done with the first piece of the answer, or with its end if there is none."""
        self.log = RunLog(self._notice("running"), self.created_at, most_unread)

    @property
    def status(self) -> RunStatus:
        return self.log.end.status if self.log.end else "running"

    @property
    def model(self) -> str:
        return self._chosen.model

    @property
    def provider(self) -> str:
        """Who answers; the fallback once it had to."""
        return self._chosen.provider

    @property
    def counted(self) -> Usage:
        """What it has taken so far, by our own count: some providers send a token a piece, others a paragraph."""
        return Usage(
            prompt_tokens=sum(len(message["content"]) for message in self._messages) // CHARACTERS_PER_TOKEN,
            completion_tokens=max(len(self.log.texts), self.log.characters // CHARACTERS_PER_TOKEN),
            source="counted",
        )

    def notice(self) -> RunNotice:
        """What others of the account hear of it."""
        return self._notice(self.status)

    def _notice(self, status: RunStatus) -> RunNotice:
        return RunNotice(
            id=self.id, provider=self.provider, model=self.model, status=status, save_as_note=self.save_as_note
        )

    def info(self) -> RunInfo:
        """As it is now."""
        return RunInfo(
            id=self.id,
            provider=self.provider,
            model=self.model,
            status=self.status,
            created_at=to_timestamp(self.created_at),
            ended_at=to_timestamp(self.ended_at) if self.ended_at else None,
            resumable=True,
            save_as_note=self.save_as_note,
            text=self.log.text,
            end=self.log.end,
        )

    def begin(self, ended: Callable[["Run"], None]) -> None:
        """Ask the provider now; `ended` is called once it is over, before anybody who waits for that goes on."""
        self._task = asyncio.create_task(self._answer(), name=self.id)

        def settle(task: asyncio.Task[Outcome]) -> None:
            # Here and not in the task: one that is cancelled before its first step never runs.
            self._settle(task)
            ended(self)
            self._over.set()
            if not self.spoken.done():
                self.spoken.set_result(None)

        self._task.add_done_callback(settle)

    async def stop(self, reason: Problem | None = None) -> EndEvent:
        """End it; returns once the upstream call is closed. Of a run that has ended, how. `reason` makes it an error."""
        assert self._task is not None, "a run that began"
        if not self.log.ended and not self._task.cancelling():
            self._reason = reason
            self._task.cancel()
        await self._over.wait()
        assert self.log.end is not None, "it is over"
        return self.log.end

    async def _answer(self) -> Outcome:
        limit_s = self._settings.ai_run_s
        try:
            async with asyncio.timeout(limit_s) as limit:
                return await self._asked()
        except TimeoutError:
            if not limit.expired():
                raise
            raise Failure("answer_overdue", f"The answer was cut off after {limit_s:g} s, the most allowed.") from None

    async def _asked(self) -> Outcome:
        failure: Failure | None = None
        for choice in self._choices:
            self._chosen = choice
            for attempt in range(self._settings.ai_retries + 1):
                try:
                    return await choice.answers.stream(choice.model, self._messages, self._take)
                except Failure as error:
                    if self.log.texts or error.code == "provider_refused":
                        raise
                    failure = error
                wait_s = failure.wait_s if failure.wait_s is not None else 0.2 * 2**attempt * (1 + random.random())  # noqa: S311
                if not failure.again or attempt == self._settings.ai_retries or wait_s > self._settings.ai_retry_wait_s:
                    break
                self._retries += 1
                await asyncio.sleep(wait_s)
            log.info("provider_failed", run=self.id, provider=choice.provider, code=failure and failure.code)
        assert failure is not None, "there is always somebody to ask"
        raise failure

    def _take(self, texts: list[str]) -> None:
        now = now_us()
        if self._first_at is None:
            self._first_at = now
        self._last_at = now
        self.log.append(texts)
        if not self.spoken.done():
            self.spoken.set_result(None)
        if self.log.characters > self._most_characters:
            raise Failure(
                "answer_too_long", f"The answer was cut off at {self._most_characters:,} characters, the most allowed."
            )

    def _settle(self, task: asyncio.Task[Outcome]) -> None:
        self.ended_at = now_us()
        if task.cancelled():
            if self._reason is not None:
                self._finish("error", self._reason)
            else:
                self._finish("stopped")
            return
        error = task.exception()
        if error is None:
            outcome = task.result()
            self._finish("done", finish_reason=outcome.finish_reason, usage=outcome.usage)
        elif isinstance(error, Problem):
            self._finish("error", error)
        else:
            log.error("run_failed", run=self.id, exc_info=error)
            self._finish("error", Problem("internal", f"This run failed on our side; its id is {self.id}."))

    def _finish(
        self,
        status: EndStatus,
        problem: Problem | None = None,
        *,
        finish_reason: str | None = None,
        usage: Usage | None = None,
    ) -> None:
        assert self.ended_at is not None, "set by the caller"
        usage = usage or self.counted
        spent = ((self._last_at or 0) - (self._first_at or 0)) / SECOND
        self.log.finish(
            EndEvent(
                status=status,
                code=problem.code if problem else None,
                message=problem.detail if problem else "Stopped; what came is kept." if status == "stopped" else None,
                finish_reason=finish_reason,
                stops_billing=self._chosen.stops_billing if status == "stopped" else None,
                usage=usage,
                ttft_ms=_ms(self._first_at - self.created_at) if self._first_at else None,
                duration_ms=_ms(self.ended_at - self.created_at),
                tokens_per_s=round((usage.completion_tokens - 1) / spent, 1)
                if spent > 0 and usage.completion_tokens > 1
                else None,
                retries=self._retries,
            )
        )


def _ms(microseconds: int) -> float:
    return round(microseconds / 1000, 1)
