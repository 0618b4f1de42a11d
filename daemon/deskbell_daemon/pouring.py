"""Pouring: an AI run's answer, written into a note on this laptop while it comes, to whatever end it comes.

The laptop starts the run itself, once the person's rules have let the command in: consent comes before the cost. The
run's id follows from the command's, so that a command that is begun again after a crash goes on with its own run.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Final

import structlog

from deskbell_daemon.cli.neutral import neutral
from deskbell_daemon.gate.performance import Stopped
from deskbell_daemon.link.runs import Runs
from deskbell_daemon.notes.draft import Draft, Drafts
from deskbell_wire.errors import ERRORS, Problem
from deskbell_wire.ids import run_of
from deskbell_wire.notes import DraftedNote, DraftNote, NoteRef
from deskbell_wire.run import EndEvent, RunNotice, RunRequest

log = structlog.get_logger()

FLUSH_S: Final = 0.25
"""How often the note grows. A long one less often: each time the whole file is written."""

BYTES_PER_S: Final = 2_000_000
TELL_S: Final = 2.0

DEADLINE_S: Final = 30 * 60.0
MOST_CHARACTERS: Final = 1_000_000

ROOM_TRIES: Final = 5
"""How often the end is tried on a full disk, a second apart, before it is given up."""

PASSING: Final = frozenset({"disk_full", "folder_not_writable"})
"""What may go away by itself: then the note gets its end late (`leftover_drafts.py`)."""


class Answer:
    """The answer as it may stand in a note: no control and bidirectional characters that somebody's terminal would obey."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._text = ""
        self._held = ""

    def add(self, piece: str) -> None:
        piece = self._held + piece
        self._held = "\r" if piece.endswith("\r") else ""  # it may be the first half of a line's end
        self._pieces.append(neutral(piece.removesuffix("\r").replace("\r\n", "\n"), lines=True))

    @property
    def text(self) -> str:
        """All of it; what was once in it stays as it was."""
        if len(self._pieces) > 0:
            self._text += "".join(self._pieces)
            self._pieces.clear()
        return self._text


class Pouring:
    """One command's work. `stopped` is set when it is to end soon; `restarting` says whether it will be begun again then."""

    def __init__(
        self,
        drafts: Drafts,
        runs: Runs,
        command_id: str,
        *,
        tell: Callable[[str], None],
        stopped: asyncio.Event,
        restarting: Callable[[], bool],
    ) -> None:
        self._drafts = drafts
        self._runs = runs
        self._command_id = command_id
        self._tell = tell
        self._stopped = stopped
        self._restarting = restarting
        self._answer = Answer()
        self._end: EndEvent | None = None
        self._who: tuple[str, str] | None = None

    async def pour(self, args: DraftNote) -> DraftedNote:
        """The whole way. Raises Problem, and Stopped."""
        earlier = await asyncio.to_thread(self._drafts.earlier, self._command_id)
        if earlier is not None:
            return earlier
        draft = await asyncio.to_thread(self._drafts.find, args, self._command_id)
        if draft is None:
            draft = await self._begin(args)
        elif draft.ended:
            return await self._tell_again(draft)
        try:
            sentence = await self._follow(draft)
        except Problem as problem:  # the relay or the folder, for good
            if problem.code != "relay_unreachable":
                await self._stop(draft.run)
            if problem.code == "note_not_found":
                raise
            await self._finish(draft, problem.detail)
            raise self._with_place(problem, draft) from problem
        return await self._conclude(draft, sentence)

    async def _begin(self, args: DraftNote) -> Draft:
        """The run, then the note that it is poured into."""
        if args.run_id is not None:
            info = await self._runs.info(args.run_id)
            self._who = (info.provider, info.model)
            return await asyncio.to_thread(
                self._drafts.begin, args, self._command_id, args.run_id, numbered=True
            )  # it costs already: no name is a reason to lose it
        await asyncio.to_thread(self._drafts.check, args)
        provider = args.provider or await self._runs.first_provider()
        request = RunRequest(run_id=run_of(self._command_id), provider=provider, model=args.model, prompt=args.prompt)
        started = await self._runs.start(request)
        self._who = (started.provider, started.model)
        try:
            return await asyncio.to_thread(self._drafts.begin, args, self._command_id, started.run_id, numbered=True)
        except Problem:
            await self._stop(started.run_id)
            raise

    async def _tell_again(self, draft: Draft) -> DraftedNote:
        """The note had its end when we were killed, and nobody was told."""
        try:
            info = await self._runs.info(draft.run)
            self._end, self._who = info.end, (info.provider, info.model)
        except Problem as problem:
            log.warning("run_not_known", run=draft.run, code=problem.code)
        reason = (self._end.message if self._end else None) or "The laptop stopped while this was written."
        sentence = reason if draft.partial else None
        return await asyncio.to_thread(draft.tell_again, lambda ref: self._drafted(draft, ref, sentence))

    async def _follow(self, draft: Draft) -> str | None:
        """Until the run's end, or ours. Why it is to end before its own end; None: it came to its own."""
        reading = asyncio.create_task(self._read(draft.run), name=f"read {draft.run}")
        stopping = asyncio.create_task(self._stopped.wait())
        deadline = time.monotonic() + DEADLINE_S
        told = time.monotonic()
        try:
            while not reading.done() and not self._stopped.is_set():
                await asyncio.wait({reading, stopping}, timeout=self._pause_s(), return_when=asyncio.FIRST_COMPLETED)
                text = self._answer.text
                if not reading.done():
                    await self._pour(draft, text)
                    if len(text) > MOST_CHARACTERS:
                        return f"Cut off at {MOST_CHARACTERS:,} characters, the most that a note is given."
                    if time.monotonic() > deadline:
                        return f"Stopped after {DEADLINE_S / 60:.0f} minutes."
                    if time.monotonic() - told > TELL_S and text:
                        told = time.monotonic()
                        self._tell(f"{len(text):,} characters are in {draft.path}.")
            if reading.done():
                reading.result()
            return None
        finally:
            for task in (reading, stopping):
                task.cancel()
            await asyncio.gather(reading, stopping, return_exceptions=True)

    async def _read(self, run_id: str) -> None:
        async with aclosing(self._runs.follow(run_id)) as pieces:
            async for piece in pieces:
                if isinstance(piece, EndEvent):
                    self._end = piece
                elif isinstance(piece, RunNotice):
                    self._who = (piece.provider, piece.model)
                else:
                    self._answer.add(piece)

    async def _pour(self, draft: Draft, text: str) -> None:
        try:
            await asyncio.to_thread(draft.pour, text)
        except Problem as problem:
            # Room may come back before the end; what came is not lost, for the relay keeps it too.
            if problem.code not in PASSING:
                raise
            log.warning("draft_not_poured", command=self._command_id, code=problem.code)

    async def _conclude(self, draft: Draft, sentence: str | None) -> DraftedNote:
        """Every end: the run's own, a stop from whoever, the daemon's."""
        if self._end is None and sentence is None:  # we are to stop
            if self._restarting():
                await self._pour(draft, self._answer.text)
                raise Stopped  # it is gone on with at the next start
            await self._stop(draft.run)
            await self._finish(draft, "The command was cancelled.")
            raise Stopped
        if self._end is None:
            await self._stop(draft.run)
        end = self._end
        if sentence is None and end is not None and end.status != "done":
            sentence = end.message or "The answer ended before its end."
        drafted = await self._finish(draft, sentence)
        if end is not None and end.status == "error":
            code = end.code if end.code in ERRORS else "provider_failed"
            raise self._with_place(Problem(code or "provider_failed", sentence or ""), draft)
        if drafted is None:  # stopped before its first word: as if it had not been asked for
            raise Stopped
        return drafted

    async def _finish(self, draft: Draft, sentence: str | None) -> DraftedNote | None:
        """Write the end into the note. None: there was nothing to write, and the note is gone again."""
        text = self._answer.text
        if not text and sentence is not None and not draft.poured:
            await asyncio.to_thread(draft.discard)
            return None
        for _ in range(ROOM_TRIES):
            try:
                return await asyncio.to_thread(
                    draft.finish, text, sentence, lambda ref: self._drafted(draft, ref, sentence)
                )
            except Problem as problem:
                if problem.code not in PASSING:
                    raise
                fault = problem
                await asyncio.sleep(1)
        raise Problem(
            fault.code, f"{fault.detail} What it held is in {draft.path}; the rest is written there once there is room."
        )

    def _drafted(self, draft: Draft, ref: NoteRef, sentence: str | None) -> DraftedNote:
        end = self._end
        provider, model = self._who or (None, None)
        return DraftedNote(
            **ref.model_dump(),
            run_id=draft.run,
            partial=sentence is not None,
            reason=sentence,
            provider=provider,
            model=model,
            tokens=end.usage.completion_tokens if end else None,
            ttft_ms=end.ttft_ms if end else None,
            tokens_per_s=end.tokens_per_s if end else None,
        )

    async def _stop(self, run_id: str) -> None:
        """Nobody pours it any more: it need not go on, nor cost."""
        try:
            await self._runs.stop(run_id)
        except Problem as problem:
            log.warning("run_not_stopped", run=run_id, code=problem.code)

    def _pause_s(self) -> float:
        return FLUSH_S + len(self._answer.text) * 2 / BYTES_PER_S

    def _with_place(self, problem: Problem, draft: Draft) -> Problem:
        """The same with what is left of it."""
        kept = max(len(self._answer.text), draft.poured)
        if not kept:
            return problem
        return Problem(
            problem.code, f"{problem.detail} What came, {kept:,} characters, is in {draft.path}, marked as a part."
        )
