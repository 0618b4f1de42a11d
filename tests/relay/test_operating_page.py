"""The operator's page has every setting of the relay, and no default that is not so."""

import re
from pathlib import Path

import pytest

from deskbell_relay.limits import Limits
from deskbell_relay.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "operating.md"
ROWS = dict(re.findall(r"^\| `(DESKBELL_[A-Z_]+)` \| ([^|]+) \|", PAGE.read_text(), flags=re.MULTILINE))
SAID_IN_WORDS = {
    "DESKBELL_PUBLIC_URL",
    "DESKBELL_DATA_DIR",
    "DESKBELL_DATABASE_URL",
    "DESKBELL_SECRET",
    "DESKBELL_CONTACT",
    "DESKBELL_AI_COMPATIBLE_URL",
    *(f"DESKBELL_{name.upper()}" for name in Settings.model_fields if name.startswith("ai_") and name.endswith("_key")),
}
"""Their defaults depend on other things."""

FIELDS = {f"DESKBELL_{name.upper()}": field for name, field in Settings.model_fields.items()}


def test_the_page_has_every_setting_and_limit_and_nothing_else() -> None:
    assert ROWS.keys() == FIELDS.keys()
    assert len(Limits.model_fields) > 20


@pytest.mark.parametrize("name", sorted(FIELDS.keys() - SAID_IN_WORDS))
def test_its_defaults_are_the_codes(name: str) -> None:
    default = FIELDS[name].get_default(call_default_factory=True)
    said = ROWS[name].partition("`")[2].partition("`")[0]
    assert said == ("[]" if default == [] else f"{default:g}" if isinstance(default, float) else str(default))
