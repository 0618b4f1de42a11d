"""What is honestly known of the line to the relay: for status, doctor and the tray."""

import time
from collections.abc import Callable
from typing import Any, Literal

from deskbell_wire.errors import Problem

Phase = Literal["unpaired", "connecting", "open", "waiting", "needs_pairing", "stopped"]


class Connection:
    """The line's state. `connected` means: the stream is open and a ping was heard within the watchdog's time."""

    def __init__(self, watchdog_s: float, changed: Callable[[], None]) -> None:
        self._watchdog_s = watchdog_s
        self._changed = changed
        self.phase: Phase = "unpaired"
        self.problem: Problem | None = None
        self.failures = 0
        self._heard: float | None = None
        self._retry_at: float | None = None

    @property
    def heard_s_ago(self) -> float | None:
        """Seconds since anything was heard on a stream. None: never since the start."""
        return None if self._heard is None else time.monotonic() - self._heard

    @property
    def connected(self) -> bool:
        age = self.heard_s_ago
        return self.phase == "open" and age is not None and age < self._watchdog_s

    def heard(self) -> None:
        self._heard = time.monotonic()

    def become(
        self, phase: Phase, problem: Problem | None = None, *, retry_in_s: float | None = None, failures: int = 0
    ) -> None:
        """Enter `phase`; `problem` says why it is not open."""
        before = (self.phase, self.problem and self.problem.code)
        self.phase, self.problem, self.failures = phase, problem, failures
        self._retry_at = None if retry_in_s is None else time.monotonic() + retry_in_s
        if before != (phase, problem and problem.code):
            self._changed()

    def document(self) -> dict[str, Any]:
        """As JSON: state, connected, last_heard_s_ago, retry_in_s, failures, problem."""
        age = self.heard_s_ago
        problem = self.problem
        return {
            "state": self.phase,
            "connected": self.connected,
            "last_heard_s_ago": None if age is None else round(age, 3),
            "retry_in_s": None if self._retry_at is None else round(max(0.0, self._retry_at - time.monotonic()), 3),
            "failures": self.failures,
            "problem": problem and {"code": problem.code, "detail": problem.detail, "next_step": problem.next_step},
        }
