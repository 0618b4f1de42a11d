"""Rates are counted without a thread, by a clock that nobody sets, and what has passed is let go of."""

import threading

import pytest

from deskbell_relay.http import counters
from deskbell_relay.http.counters import Counters
from deskbell_relay.http.rates import Rates
from deskbell_wire.errors import Problem


class Clock:
    """A stand-in for the module's `time`: both clocks, moved by hand."""

    def __init__(self) -> None:
        self.unix, self.run = 1_800_000_000.0, 50.0

    def time(self) -> float:
        return self.unix

    def monotonic(self) -> float:
        return self.run

    def passes(self, seconds: float) -> None:
        self.unix += seconds
        self.run += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(counters, "time", clock)
    return clock


def test_a_window_ends_and_begins_anew(clock: Clock) -> None:
    windows = Counters()
    assert [windows.incr("a", 60) for _ in range(3)] == [1, 2, 3]
    assert (windows.get("a"), windows.get("b")) == (3, 0)
    clock.passes(59)
    assert windows.incr("a", 60) == 4
    assert windows.get_expiry("a") == clock.unix + 1
    clock.passes(1)
    assert windows.get("a") == 0
    assert windows.incr("a", 60) == 1


def test_a_clock_that_is_set_back_locks_nobody_out(clock: Clock) -> None:
    windows = Counters()
    windows.incr("a", 60)
    clock.unix -= 3600
    assert windows.get_expiry("a") == clock.unix + 60
    clock.run += 61
    assert windows.incr("a", 60) == 1


def test_what_has_passed_is_let_go_of(clock: Clock) -> None:
    windows = Counters()
    for number in range(1000):
        windows.incr(f"stranger-{number}", 1)
    windows.incr("stays", 3600)
    clock.passes(counters.SWEEP_S)
    windows.incr("stays", 3600)
    assert len(windows) == 1
    assert windows.get("stays") == 2


def test_the_librarys_rates_hold_on_it_and_start_no_thread() -> None:
    rates = Rates(Counters())
    before = threading.active_count()
    for _ in range(3):
        rates.hit("3/60 second", "ai", "acc_1")
    with pytest.raises(Problem, match="More than 3 requests") as refused:
        rates.hit("3/60 second", "ai", "acc_1")
    assert 58 <= refused.value.extra["retry_after_s"] <= 60
    rates.hit("3/60 second", "ai", "acc_2")
    assert threading.active_count() == before
