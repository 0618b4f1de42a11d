"""The six digits: the same on both sides, and never the choice of one who stands between them."""

import json
from pathlib import Path
from typing import Any

import pytest

from deskbell_wire.number_match import committed, digits

FILE = Path(__file__).parents[2] / "wire" / "examples" / "pairing" / "number_match.json"
CASES: list[dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_example_s_digits_come_out(case: dict[str, Any]) -> None:
    made = digits(case["user_code"], case["extension_nonce"], case["daemon_nonce"], case["relay"])
    assert made == case["digits"]
    assert committed(case["daemon_nonce"]) == case["commitment"]


def test_whatever_is_different_gives_other_digits() -> None:
    given = ("WDJB-MJHT", "e" * 43, "d" * 43, "https://bell.example")
    others = [
        (*given[:place], given[place].replace(given[place][0], "X", 1), *given[place + 1 :]) for place in range(4)
    ]
    assert len({digits(*each) for each in [given, *others]}) == 5
