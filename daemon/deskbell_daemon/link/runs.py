"""The AI runs of the relay, for this device: started once, read to their end through broken networks, stopped."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, Final, TypeVar

import structlog
from pydantic import BaseModel, ValidationError

from deskbell_daemon.link.backoff import Backoff
from deskbell_daemon.link.relay import Relay
from deskbell_wire.errors import Problem
from deskbell_wire.event import Decoder, ServerSentEvent
from deskbell_wire.run import EndEvent, RunInfo, RunNotice, RunRequest, RunStarted, Usage

log = structlog.get_logger()

T = TypeVar("T", bound=BaseModel)

FIRST_PAUSE_S: Final = 0.25
LAST_PAUSE_S: Final = 10.0

PATIENCE_S: Final = 15 * 60.0
"""As long as the relay keeps the log of an ended run."""

_PASSING: Final = frozenset(
    {"relay_unreachable", "draining", "rate_limited", "storage_unavailable", "too_many_viewers"}
)


class Runs:
    """Every method raises Problem: the relay's own, or `relay_unreachable`."""

    def __init__(self, relay: Callable[[], Relay]) -> None:
        """`relay`: the one that this laptop is paired with now; raises Problem `not_paired`."""
        self._relay = relay

    async def first_provider(self) -> str:
        """Whom to ask when nobody is named. Raises Problem provider_not_configured."""
        document = await self._relay().call("GET", "/ai/providers")
        names = [row.get("name") for row in document.get("providers", [])] if isinstance(document, dict) else []
        if not names or not isinstance(names[0], str):
            raise Problem("provider_not_configured", "This relay offers no AI provider.")
        return names[0]

    async def start(self, request: RunRequest) -> RunStarted:
        """A run; with a `run_id` that was asked for before, the run that there is already."""
        body = request.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        return _read(RunStarted, await self._relay().call("POST", "/ai/runs", body))

    async def info(self, run_id: str) -> RunInfo:
        """The run and its text, as far as it has come. Raises Problem run_not_found."""
        return _read(RunInfo, await self._relay().call("GET", f"/ai/runs/{run_id}"))

    async def stop(self, run_id: str) -> RunInfo:
        """End it; returns once the provider's call is closed."""
        return _read(RunInfo, await self._relay().call("POST", f"/ai/runs/{run_id}/stop", {}))

    async def follow(self, run_id: str) -> AsyncGenerator[RunNotice | str | EndEvent, None]:
        """Who answers, the answer from its beginning, piece by piece, and then how it ended.

        A broken stream is taken up where it broke. Where the stream is no longer kept, the rest comes at once. Raises
        Problem `relay_unreachable` after 15 minutes without a relay, and what the relay refuses for good.
        """
        cursor, characters = "", 0
        backoff = Backoff(FIRST_PAUSE_S, LAST_PAUSE_S)
        heard = time.monotonic()
        while True:
            try:
                async with aclosing(self._events(run_id, cursor)) as events:
                    async for event in events:
                        heard, cursor = time.monotonic(), event.last_event_id or cursor
                        backoff.reset()
                        if event.event == "token":
                            text = _text(event.data)
                            characters += len(text)
                            yield text
                        elif event.event == "run":
                            yield _read(RunNotice, event.data)
                        elif event.event == "end":
                            yield _kept(_read(EndEvent, event.data))
                            return
            except Problem as problem:
                fault = problem
            if fault.code == "run_not_resumable":
                try:
                    info = await self.info(run_id)
                except Problem as problem:
                    fault = problem
                else:
                    yield info.text[characters:]
                    yield info.end or _without_end(info)
                    return
            if fault.code not in _PASSING or time.monotonic() - heard > PATIENCE_S:
                raise fault
            log.debug("run_stream_broke", run=run_id, code=fault.code)
            await asyncio.sleep(backoff.next_s(float(fault.extra.get("retry_after_s", 0))))

    async def _events(self, run_id: str, cursor: str) -> AsyncGenerator[ServerSentEvent, None]:
        """The events of one stream. Raises Problem when it breaks, and in the place of its end."""
        async with self._relay().stream(f"/ai/runs/{run_id}/stream", cursor) as body:
            if body is None:  # the cursor is the end, which we heard and could not hand on
                raise Problem("run_not_resumable", "The stream has nothing more.")
            decoder = Decoder()
            async for chunk in body.iter_any():
                for event in decoder.feed(chunk):
                    yield event
        raise Problem("relay_unreachable", "The answer's stream ended without an end.")


def _kept(end: EndEvent) -> EndEvent:
    """The end, unless the relay died: what it had written down before may be more than what we heard."""
    if end.code == "run_interrupted":
        raise Problem("run_not_resumable", "The stream is lost.")
    return end


def _without_end(info: RunInfo) -> EndEvent:
    usage = Usage(prompt_tokens=0, completion_tokens=0, source="counted")
    message = f"The relay has lost how the run {info.id} ended."
    return EndEvent(status="error", code="run_interrupted", message=message, usage=usage, duration_ms=0)


def _text(data: str) -> str:
    try:
        text = json.loads(data)["text"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Problem("relay_unreachable", "The relay sent a token that cannot be read.") from error
    return text if isinstance(text, str) else ""


def _read(model: type[T], document: Any) -> T:
    try:
        return model.model_validate_json(document) if isinstance(document, str) else model.model_validate(document)
    except ValidationError as error:
        raise Problem("relay_unreachable", f"The relay's answer is no {model.__name__}.") from error
