"""What a device may declare of its person's own actions, and the schema that a caller gets of it."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from deskbell_wire.local import LocalAction, LocalParameter, RunLocalAction, parameters_schema
from deskbell_wire.pairing import DeviceChange

BACKUP = LocalAction(
    name="backup",
    title="Back up",
    description="Copies a folder.",
    parameters=[
        LocalParameter(name="folder", kind="path", description="Which.", max_length=200),
        LocalParameter(name="speed", kind="number", minimum=0.5, maximum=3, required=False),
        LocalParameter(name="target", kind="choice", choices=["disk", "stick"]),
        LocalParameter(name="day", kind="date", required=False),
        LocalParameter(name="label", kind="text", required=False),
    ],
)


def test_the_parameters_have_a_schema_that_says_what_fits() -> None:
    schema = parameters_schema(BACKUP)
    Draft202012Validator.check_schema(schema)
    fits = Draft202012Validator(schema).is_valid
    assert fits({"folder": "Photos", "target": "disk"})
    assert fits({"folder": "Photos", "target": "stick", "speed": 3, "day": "2026-11-24", "label": "x"})
    for wrong in (
        {"target": "disk"},
        {"folder": "Photos", "target": "cloud"},
        {"folder": "Photos", "target": "disk", "speed": 0.4},
        {"folder": "x" * 201, "target": "disk"},
        {"folder": "Photos", "target": "disk", "force": "yes"},
    ):
        assert not fits(wrong), wrong
    assert schema["properties"]["day"] == {"type": "string", "format": "date"}


def test_an_action_without_parameters_takes_none() -> None:
    schema = parameters_schema(LocalAction(name="play", title="Play"))
    assert schema == {"type": "object", "properties": {}, "additionalProperties": False}


@pytest.mark.parametrize(
    "parameter",
    [
        {"name": "Upper", "kind": "text"},
        {"name": "a" * 41, "kind": "text"},
        {"name": "device", "kind": "text"},
        {"name": "idempotency_key", "kind": "text"},
        {"name": "a", "kind": "command"},
        {"name": "a", "kind": "choice"},
        {"name": "a", "kind": "text", "choices": ["b"]},
        {"name": "a", "kind": "text", "minimum": 1},
        {"name": "a", "kind": "number", "minimum": 2, "maximum": 1},
        {"name": "a", "kind": "number", "max_length": 3},
        {"name": "a", "kind": "number", "minimum": float("inf")},
        {"name": "a", "kind": "text", "description": "x" * 301},
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused(parameter: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        LocalParameter.model_validate(parameter)


def test_names_are_said_once() -> None:
    twice = [{"name": "a", "kind": "text"}, {"name": "a", "kind": "date"}]
    with pytest.raises(ValidationError, match="same name"):
        LocalAction.model_validate({"name": "x", "title": "X", "parameters": twice})
    with pytest.raises(ValidationError, match="same name"):
        DeviceChange.model_validate({"local_actions": [{"name": "x", "title": "X"}, {"name": "x", "title": "Y"}]})


@pytest.mark.parametrize("value", ["1", 1, 1.5, True, "", "--force"])
def test_a_value_keeps_its_type(value: Any) -> None:
    read = RunLocalAction.model_validate({"name": "backup", "parameters": {"x": value}})
    assert read.parameters["x"] == value
    assert type(read.parameters["x"]) is type(value)


@pytest.mark.parametrize("value", [None, ["a"], {"a": 1}, float("inf"), "x" * 20_001])
def test_what_is_no_value_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        RunLocalAction.model_validate({"name": "backup", "parameters": {"x": value}})
