"""The golden messages, read by the models. The extension's tests read the same files."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from deskbell_wire import actions, command, number_match, pairing, result, run, stream
from deskbell_wire.command import WireModel

FOLDER = Path(__file__).parents[2] / "wire" / "examples"
FILES = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}
CASES = [(file["model"], case) for file in FILES.values() for case in file["cases"]]
PARTS = {
    "WireModel",
    "Assistant",
    "Hops",
    "Failure",
    "DeviceDeclaration",
    "LocalAction",
    "Message",
    "NoteAsked",
    "Usage",
}  # stand within others' examples
# What only one side reads, or what holds a secret, needs no example that both read.
ONE_SIDED = {"DeviceTokens", "ClaimRequest", "DeviceChange"}


def models() -> dict[str, type[WireModel]]:
    return {
        name: value
        for module in (command, result, stream, pairing, number_match, run)
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, WireModel)
    }


def test_every_message_of_the_wire_has_its_examples() -> None:
    assert {file["model"] for file in FILES.values()} == set(models()) - PARTS - ONE_SIDED


@pytest.mark.parametrize(("model", "case"), CASES, ids=[f"{model}: {case['name']}" for model, case in CASES])
def test_an_example_is_read_as_it_says(model: str, case: dict[str, Any]) -> None:
    kind = models()[model]
    if case["valid"]:
        read = kind.model_validate(case["json"])
        known = {key: value for key, value in case["json"].items() if key in kind.model_fields}
        assert read.model_dump(mode="json") == known
        assert kind.model_validate_json(read.model_dump_json()) == read
    else:
        with pytest.raises(ValidationError):
            kind.model_validate(case["json"])


def test_what_is_read_cannot_be_changed() -> None:
    ping = stream.Ping(server_time="2026-11-24T13:52:01.123456Z")
    with pytest.raises(ValidationError):
        ping.server_time = "2026-11-24T13:52:02.123456Z"


@pytest.mark.parametrize(
    "case", [case for case in FILES["command.json"]["cases"] if case["valid"]], ids=lambda case: case["name"]
)
def test_the_commands_of_the_examples_fit_the_catalogue(case: dict[str, Any]) -> None:
    actions.BY_ID[case["json"]["action"]].input.model_validate(case["json"]["arguments"])


def test_the_reported_draft_fits_the_catalogue() -> None:
    [case] = [case for case in FILES["report.json"]["cases"] if "draft" in case["name"]]
    output = actions.BY_ID["note.draft"].output.model_validate(case["json"]["output"])
    assert output.model_dump(mode="json", exclude_none=True) == case["json"]["output"]
