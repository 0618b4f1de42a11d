"""From what a door has read to what it answers: rights, arguments, device. The same for every door."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from deskbell_relay.dispatch.dispatch import Dispatch
from deskbell_relay.dispatch.submission import Submission
from deskbell_relay.http.arguments import parsed
from deskbell_relay.http.route import Call
from deskbell_relay.ingress.envelope import opened
from deskbell_relay.ingress.lookups import Lookups
from deskbell_relay.ingress.prefer import preferred_wait_s
from deskbell_relay.results.waiting import Watch
from deskbell_wire.actions import Action
from deskbell_wire.errors import Problem
from deskbell_wire.local import LocalActionEntries
from deskbell_wire.lookups import DeviceEntries
from deskbell_wire.result import Result


@dataclass(frozen=True, slots=True)
class Asked:
    """How a caller asks, beside what it asks for."""

    idempotency_key: str | None = None
    """The Idempotency-Key header's value, where the door has headers."""
    wait_s: float | None = None
    """How long the caller is willing to wait; None: as long as the settings allow."""
    watch: Watch | None = None
    """Hears of the command's progress."""
    withdraw: bool = False
    """Whether a caller that goes takes its command with it, if that has not begun."""
    itself: bool = False
    """Whether a device that asks may be chosen to do it, and then before the others."""

    @classmethod
    def by_headers(cls, headers: Mapping[str, str]) -> Self:
        """As a caller says it in HTTP: Idempotency-Key, and the `wait` of Prefer."""
        return cls(headers.get("Idempotency-Key"), preferred_wait_s(headers.get("Prefer")))


class Intake:
    """Hop 1, behind the doors."""

    def __init__(self, dispatch: Dispatch, lookups: Lookups) -> None:
        self._dispatch = dispatch
        self._lookups = lookups

    async def ask(
        self, call: Call, action: Action, body: Mapping[str, Any], asked: Asked
    ) -> Result | DeviceEntries | LocalActionEntries:
        """Have `action` done with the arguments in `body`, and give its answer as it is in time.

        Raises Problem insufficient_scope, invalid_arguments, and those of `Dispatch.submit` and `Lookups`.
        """
        call.notes["action"] = action.id
        require_scope(call, action)
        if action.performer == "relay":
            return await self._lookups.answers[action.id](call.who, body, asked.wait_s)
        return await self.submit(call, action, body, asked)

    async def submit(self, call: Call, action: Action, body: Mapping[str, Any], asked: Asked) -> Result:
        """Have a device do `action`, once the caller's right to ask for it is known.

        Raises Problem invalid_arguments, and those of `Dispatch.submit`.
        """
        call.notes["action"] = action.id
        envelope, arguments = opened(body, asked.idempotency_key)
        parsed(action.input, arguments)  # refuses what does not fit; the device applies the same model to the same text
        submission = Submission(
            call.who,
            action,
            arguments,
            call.received_us,
            envelope.device,
            envelope.idempotency_key,
            itself=asked.itself,
        )
        try:
            result = await self._dispatch.submit(submission, asked.wait_s, asked.watch)
        except asyncio.CancelledError:
            if asked.withdraw:
                self._dispatch.withdraw(submission)
            raise
        call.notes["command"] = result.id
        return result


def require_scope(call: Call, action: Action) -> None:
    """Raises Problem insufficient_scope, with the challenge of RFC 6750 section 3.1."""
    if action.scope not in call.who.scopes:
        raise Problem(
            "insufficient_scope",
            f"{action.operation_id} needs the scope {action.scope}, which was not granted.",
            headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{action.scope}"'},
            scope=action.scope,
        )
