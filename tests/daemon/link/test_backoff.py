"""The pause before the next try: jittered from zero, bounded, never less than the relay asked."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskbell_daemon.link.backoff import MAX_ASKED_S, Backoff, retry_after_s


def test_the_ceiling_doubles_up_to_the_last():
    backoff = Backoff(0.5, 60, draw=lambda low, high: high)
    assert [backoff.next_s() for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    backoff.reset()
    assert backoff.next_s() == 0.5


def test_the_jitter_is_full():
    low = Backoff(0.5, 60, draw=lambda low, high: low)
    assert [low.next_s() for _ in range(50)] == [0.0] * 50


@given(st.integers(0, 10_000), st.floats(0, 1e9))
def test_it_is_never_less_than_asked_nor_without_end(failures, asked):
    backoff = Backoff(0.5, 60)
    backoff.failures = failures
    assert min(asked, MAX_ASKED_S) <= backoff.next_s(asked) <= MAX_ASKED_S + 60


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(None, 0), ("", 0), ("7", 7), ("99999999999999999999", MAX_ASKED_S), ("-1", 0), ("soon", 0), ("1.5", 0), ("٣", 0)],
)
def test_retry_after_in_seconds_and_nonsense(value, seconds):
    assert retry_after_s(value) == seconds


def test_retry_after_as_a_date():
    assert 28 < retry_after_s(format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)) <= 30
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0
