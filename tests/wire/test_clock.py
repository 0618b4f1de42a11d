"""Time on the wire: RFC 3339 in UTC with microseconds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskbell_wire.clock import DAY, from_timestamp, now_us, to_timestamp


def test_an_instant_is_written_with_six_decimals_and_z() -> None:
    assert to_timestamp(0) == "1970-01-01T00:00:00.000000Z"
    assert to_timestamp(1_763_992_355_000_007) == "2025-11-24T13:52:35.000007Z"


@given(st.integers(0, 253_402_300_799_999_999))
def test_every_instant_of_our_calendar_comes_back(us: int) -> None:
    assert from_timestamp(to_timestamp(us)) == us
    assert len(to_timestamp(us)) == 27


def test_other_offsets_are_understood() -> None:
    assert from_timestamp("1970-01-02T01:00:00+01:00") == DAY


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-24T13:52:35", "2026-13-24T13:52:35Z"])
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_timestamp(text)


def test_now_is_in_microseconds() -> None:
    assert 1_700_000_000_000_000 < now_us() < 10_000_000_000_000_000
