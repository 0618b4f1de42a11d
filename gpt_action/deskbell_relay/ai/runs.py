"""All runs of this process: who may start one, which are still readable, and what is kept of them."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import structlog

from deskbell_relay.ai import archive
from deskbell_relay.ai.budget import Budget
from deskbell_relay.ai.registry import Registry
from deskbell_relay.ai.run import CHARACTERS_PER_TOKEN, Run
from deskbell_relay.http.rates import Rates
from deskbell_relay.settings import Settings
from deskbell_relay.store.engine import Store
from deskbell_wire.clock import DAY, SECOND, now_us
from deskbell_wire.errors import Problem
from deskbell_wire.ids import made_at, new_id
from deskbell_wire.run import RunInfo, RunNotice, RunRequest
from deskbell_wire.stream import EventType

log = structlog.get_logger()

Publish = Callable[[str, EventType, str], Awaitable[int]]


class Runs:
    """Holds the runs: those that go on, and ended ones for as long as their log is kept."""

    def __init__(self, settings: Settings, store: Store, rates: Rates, registry: Registry, publish: Publish) -> None:
        self.registry = registry
        self._settings = settings
        self._store = store
        self._rates = rates
        self._publish = publish
        self._budget = Budget(store)
        self._runs: dict[str, Run] = {}
        self._running: defaultdict[str, set[Run]] = defaultdict(set)  # by account
        self._rows: dict[str, asyncio.Task[None]] = {}  # run → the writing of its row, until its end is written too
        self._kept: dict[str, int] = {}  # run → pieces of its answer that are in the database
        self._saving: set[asyncio.Task[None]] = set()
        self._orphans: dict[str, asyncio.TimerHandle] = {}
        self._closing = False

    async def recover(self) -> None:
        """At the start: what was running when the relay died has ended with it."""
        lost = await self._store.write(lambda connection: archive.interrupt_all(connection, now_us()))
        if lost:
            log.warning("runs_interrupted", runs=lost)

    def forget_all(self) -> None:
        """Let go of all logs, as a restart does."""
        self._runs.clear()
        self._budget.forget()

    async def known(self, account_id: str, run_id: str | None) -> RunInfo | None:
        """The run of an id that its starter chose, if there is one already. Raises Problem idempotency_conflict."""
        if run_id is None:
            return None
        run = self._runs.get(run_id)
        owner = run.account_id if run is not None else None
        if owner is None:
            owner = await self._store.read(lambda connection: archive.owner(connection, run_id))
        if owner not in (None, account_id):
            raise Problem("idempotency_conflict", f"The id {run_id} belongs to another run.")
        return await self.info(account_id, run_id) if owner is not None else None

    async def start(self, account_id: str, request: RunRequest) -> Run:
        """Begin a run; returns once it is written down. Raises what `begin` raises, and Problem storage_unavailable."""
        run = await self.begin(account_id, request)
        row = self._rows.get(run.id)
        if row is not None:
            await asyncio.shield(row)
        return run

    async def start_to_show(self, account_id: str, request: RunRequest) -> Run:
        """The same for who reads the answer at once: a provider that is quicker than the disk is not waited for.

        Should the run not be written down in the end, its stream ends with that error.
        """
        run = await self.begin(account_id, request)
        row = self._rows.get(run.id)
        if row is not None:
            await asyncio.wait((row, run.spoken), return_when=asyncio.FIRST_COMPLETED)
            if row.done():
                row.result()
        return run

    async def begin(self, account_id: str, request: RunRequest) -> Run:
        """Ask the provider now, and have the run written down meanwhile.

        Raises Problem provider_not_configured, model_unavailable, model_not_named, prompt_too_long, rate_limited,
        budget_spent.
        """
        settings = self._settings
        choices = self.registry.choices(request.provider, request.model)
        messages = request.conversation()
        characters = sum(len(message.content) for message in messages)
        if characters > settings.ai_prompt:
            raise Problem(
                "prompt_too_long",
                f"The prompt has {characters:,} characters; {settings.ai_prompt:,} are allowed.",
                limit_characters=settings.ai_prompt,
            )
        self._rates.hit(settings.ai_rate, "ai", account_id)
        await self._check_budget(account_id)
        if self._closing:
            raise Problem("draining", "The relay is restarting; try again in a few seconds.")
        if request.run_id is not None and (twin := self._runs.get(request.run_id)) is not None:
            if twin.account_id != account_id:
                raise Problem("idempotency_conflict", f"The id {twin.id} belongs to another run.")
            return twin  # asked for twice at once
        run = Run(
            request.run_id or new_id("run"),
            account_id,
            messages,
            choices,
            settings,
            most_characters=settings.ai_answer,
            most_unread=settings.stream_buffer,
            save_as_note=request.save_as_note,
        )
        self._runs[run.id] = run
        self._running[account_id].add(run)
        run.begin(self._ended)  # first: its request shall not wait for the interpreter while the writer's thread has it
        self._rows[run.id] = row = asyncio.create_task(self._add(run))  # goes on when who asked for it goes meanwhile
        self._later(self._begun(run, row))
        self._watch(run)
        return run

    def live(self, account_id: str, run_id: str) -> Run | None:
        """The account's run, if its log is still here."""
        run = self._runs.get(run_id)
        return run if run is not None and run.account_id == account_id else None

    async def info(self, account_id: str, run_id: str) -> RunInfo:
        """Raises Problem run_not_found."""
        run = self.live(account_id, run_id)
        if run is not None:
            return run.info()
        info = await self._store.read(lambda connection: archive.find(connection, account_id, run_id))
        if info is None:
            raise Problem("run_not_found", f"This account has no run {run_id[:60]!r}.")
        return info

    async def never_written(self, run_id: str) -> bool:
        """Whether its relay died after its first token and before its row: rows are kept longer than it is old."""
        made = made_at(run_id)
        if run_id in self._runs or made is None or not 0 <= now_us() - made < self._settings.retention_s * SECOND:
            return False
        return await self._store.read(lambda connection: archive.owner(connection, run_id)) is None

    async def newest(self, account_id: str, before: str | None, most: int) -> list[dict[str, Any]]:
        """The account's runs, newest first, as `archive.newest` gives them."""
        return await self._store.read(lambda connection: archive.newest(connection, account_id, before, most))

    async def stop(self, account_id: str, run_id: str) -> RunInfo:
        """Stop it; of one that has ended, as it is. Returns once upstream is closed. Raises Problem run_not_found."""
        run = self.live(account_id, run_id)
        if run is not None:
            await run.stop()
        return await self.info(account_id, run_id)

    def enter(self, run: Run) -> None:
        """A viewer comes. Raises Problem too_many_viewers."""
        if run.viewers >= self._settings.ai_viewers:
            raise Problem(
                "too_many_viewers",
                f"This run already has {self._settings.ai_viewers} viewers.",
                headers={"Retry-After": "10"},
            )
        run.viewers += 1
        self._unwatch(run)

    def leave(self, run: Run) -> None:
        """A viewer goes; that stops nothing, unless the operator wants runs without viewers stopped."""
        run.viewers -= 1
        self._watch(run)

    async def beat(self) -> None:
        """One heartbeat for all viewers."""
        for run in self._runs.values():
            run.log.beat()

    async def keep(self) -> None:
        """Write down what has come of the answers that still come: a relay that is killed loses a second of them."""
        pieces = {
            run: len(run.log.texts)
            for run in self._runs.values()
            if not run.log.ended and self._kept.get(run.id, 0) < len(run.log.texts)
        }
        if pieces:
            grown = [
                (run.id, run.log.text, max(count, run.log.characters // CHARACTERS_PER_TOKEN))
                for run, count in pieces.items()
            ]
            await self._store.write(lambda connection: archive.keep(connection, grown))
        self._kept.update((run.id, count) for run, count in pieces.items() if not run.log.ended)

    async def sweep(self) -> None:
        """Let go of logs that were kept long enough, and of rows that are older than the retention."""
        now = now_us()
        ended = sorted((run for run in self._runs.values() if run.ended_at), key=lambda run: run.ended_at or 0)
        memory = sum(run.log.size for run in ended)
        for run in ended:
            assert run.ended_at is not None, "chosen so"
            if run.ended_at + self._settings.ai_log_s * SECOND > now and memory <= self._settings.ai_log_memory:
                break
            if run.viewers == 0 or memory > self._settings.ai_log_memory:
                memory -= run.log.size
                del self._runs[run.id]
        before = now - self._settings.retention_s * SECOND
        await self._store.write(lambda connection: archive.forget(connection, before))

    async def drain(self) -> None:
        """The relay stops: every run ends with a word, and what came is kept."""
        self._closing = True
        reason = Problem("run_interrupted", "The relay stopped while this answer was coming.")
        await asyncio.gather(*(run.stop(reason) for run in list(self._runs.values())))
        await self.saved()

    async def saved(self) -> None:
        """Wait until everything that has ended is in the database."""
        while self._saving:
            await asyncio.gather(*self._saving, return_exceptions=True)

    async def close(self) -> None:
        """After `drain`: let go of the providers."""
        for timer in self._orphans.values():
            timer.cancel()
        await self.registry.close()

    async def _check_budget(self, account_id: str) -> None:
        now = now_us()
        today = now - now % DAY
        spent = await self._budget.spent(account_id, now)
        running = [run.counted for run in self._running.get(account_id, ())]
        spent += sum(usage.total for usage in running)
        if spent >= self._settings.ai_tokens_per_day:
            seconds = (today + DAY - now) // SECOND + 1
            raise Problem(
                "budget_spent",
                f"Of today's {self._settings.ai_tokens_per_day:,} tokens {spent:,} are used; the day ends at midnight UTC.",
                headers={"Retry-After": str(seconds)},
                retry_after_s=seconds,
            )

    async def _add(self, run: Run) -> None:
        """Write the run down; one that cannot be is stopped, and forgotten. Raises Problem."""
        try:
            await self._store.write(partial(archive.add, run=run))
        except Problem as problem:
            await run.stop(problem)
            self._runs.pop(run.id, None)
            raise

    async def _begun(self, run: Run, row: asyncio.Task[None]) -> None:
        notice = run.notice()  # as it is now: its end is told apart
        await asyncio.wait([row])
        if not row.cancelled() and row.exception() is None:
            await self._tell(run.account_id, notice)

    def _ended(self, run: Run) -> None:
        self._unwatch(run)
        self._kept.pop(run.id, None)
        running = self._running[run.account_id]
        running.discard(run)
        if not running:
            del self._running[run.account_id]
        if run.log.end is not None:
            self._budget.count(run.account_id, run.log.end.usage.total, run.created_at)
        self._later(self._save(run))

    async def _save(self, run: Run) -> None:
        row = self._rows[run.id]
        await asyncio.wait([row])
        del self._rows[run.id]
        if row.cancelled() or row.exception() is not None:
            return  # there is no row: whoever started it was told so
        try:
            await self._store.write(partial(archive.end, run=run))
            await self._tell(run.account_id, run.notice())
        except Problem as problem:  # the log has the answer for as long as it is kept
            log.error("run_not_saved", run=run.id, code=problem.code)

    async def _tell(self, account_id: str, notice: RunNotice) -> None:
        try:
            await self._publish(account_id, "run", notice.model_dump_json())
        except Problem as problem:  # a hint for the account's devices: the run itself is not in danger
            log.warning("run_not_told", run=notice.id, code=problem.code)

    def _later(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._saving.add(task)
        task.add_done_callback(self._saving.discard)

    def _watch(self, run: Run) -> None:
        if self._settings.ai_orphan_s and not run.log.ended and run.viewers == 0:
            loop = asyncio.get_running_loop()
            self._orphans[run.id] = loop.call_later(
                self._settings.ai_orphan_s, lambda: self._later(self._stop_orphan(run))
            )

    def _unwatch(self, run: Run) -> None:
        timer = self._orphans.pop(run.id, None)
        if timer is not None:
            timer.cancel()

    async def _stop_orphan(self, run: Run) -> None:
        if run.viewers == 0:
            log.info("orphan_stopped", run=run.id)
            await run.stop()
