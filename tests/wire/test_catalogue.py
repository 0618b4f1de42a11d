"""The catalogue and the table of errors keep what the doors, the editor and the docs rely on."""

import re
from pathlib import Path

import pytest

from deskbell_wire.actions import BY_ID, BY_OPERATION, CATALOGUE, DEVICE_ACTIONS, SCOPES, Action
from deskbell_wire.errors import ERRORS, Problem
from deskbell_wire.ids import KINDS, new_id
from deskbell_wire.tables import TABLES

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("action", CATALOGUE, ids=lambda action: action.id)
def test_an_action_has_the_forms_that_the_doors_need(action: Action) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z]+", action.id)
    assert re.fullmatch(r"[a-z]+[A-Za-z]+", action.operation_id)
    assert re.fullmatch(r"[a-z]+(_[a-z]+)+", action.tool_name)
    assert len(action.description) <= 300
    assert action.description.endswith(".")
    assert action.scope in SCOPES
    assert action.input.model_config.get("extra") == "forbid"
    for name, field in action.input.model_fields.items():
        assert field.description, f"{action.id}.{name} is not described"
        assert len(field.description) <= 700


def test_names_are_unique() -> None:
    assert len(BY_ID) == len(BY_OPERATION) == len({action.tool_name for action in CATALOGUE}) == len(CATALOGUE)


def test_only_what_takes_effect_again_harmlessly_is_safe_to_repeat() -> None:
    assert all(action.repeatable for action in CATALOGUE if action.risk == "read")
    assert {action.id for action in CATALOGUE if action.performer == "device"} == DEVICE_ACTIONS


@pytest.mark.parametrize("code", ERRORS)
def test_every_error_is_whole(code: str) -> None:
    error = ERRORS[code]
    assert re.fullmatch(r"[a-z][a-z_]+", code)
    assert 400 <= error.status < 600
    assert error.title
    assert not error.title.endswith(".")
    assert error.next_step.endswith(".") or error.next_step.endswith(").")


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_of_the_docs_say_what_the_code_says(name: str) -> None:
    assert (DOCS / f"{name}.md").read_text(encoding="utf-8") == TABLES[name](), "run `make tables`"


def test_a_problem_is_an_rfc_9457_document() -> None:
    document = Problem("name_taken", "There is a note Boat already.", path="Boat.md").document("r-1")
    assert document["type"].endswith("docs/errors.md#name_taken")
    assert (document["status"], document["code"], document["detail"]) == (
        409,
        "name_taken",
        "There is a note Boat already.",
    )
    assert (document["path"], document["request_id"]) == ("Boat.md", "r-1")


def test_an_unknown_code_cannot_be_raised() -> None:
    with pytest.raises(KeyError):
        Problem("no_such_code", "Nothing.")


@pytest.mark.parametrize("kind", KINDS)
def test_ids_sort_by_the_time_they_were_made(kind: str) -> None:
    made = [new_id(kind) for _ in range(100)]  # type: ignore[arg-type]
    assert made == sorted(made)
    assert all(re.fullmatch(kind + "_[0-9a-f-]{36}", text) for text in made)
