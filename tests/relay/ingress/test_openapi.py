"""What the GPT editor imports, held against the editor's rules and against the catalogue."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deskbell_relay.ingress.openapi import (
    EXAMPLE_SERVER,
    MOST_OPERATION_DESCRIPTION,
    MOST_OPERATIONS,
    MOST_PARAMETER_DESCRIPTION,
    document,
)
from deskbell_wire.actions import CATALOGUE, SCOPES

CHECKED_IN = Path(__file__).parents[3] / "gpt_action" / "openapi.json"
DOCUMENT = document(EXAMPLE_SERVER)
OPERATIONS = [path["post"] for path in DOCUMENT["paths"].values()]


def walk(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, list):
        return [found for item in node for found in walk(item)]
    if isinstance(node, dict):
        return [node, *(found for item in node.values() for found in walk(item))]
    return []


def test_the_document_that_is_checked_in_is_the_one_the_catalogue_makes() -> None:
    assert json.loads(CHECKED_IN.read_text()) == DOCUMENT, "run `make openapi` and look at the difference"


def test_every_action_of_the_catalogue_is_an_operation_and_nothing_else_is() -> None:
    assert [operation["operationId"] for operation in OPERATIONS] == [action.operation_id for action in CATALOGUE]


def test_the_document_is_flat() -> None:
    for node in walk(DOCUMENT):
        assert "$ref" not in node
        assert "allOf" not in node
    assert all("parameters" not in path for path in DOCUMENT["paths"].values())
    assert len(DOCUMENT["servers"]) == 1


def test_it_keeps_the_editors_limits() -> None:
    assert len(OPERATIONS) <= MOST_OPERATIONS
    for operation in OPERATIONS:
        assert len(operation["description"]) <= MOST_OPERATION_DESCRIPTION
        for node in walk(operation["requestBody"]):
            description = node.get("description", "")
            assert not isinstance(description, str) or len(description) <= MOST_PARAMETER_DESCRIPTION


def test_every_operation_says_whether_it_has_consequences() -> None:
    assert all(isinstance(operation["x-openai-isConsequential"], bool) for operation in OPERATIONS)


def test_every_scope_that_is_asked_for_is_explained() -> None:
    asked = {scope for operation in OPERATIONS for scope in operation["security"][0]["deskbell"]}
    assert asked == set(SCOPES)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation["operationId"])
def test_schemas_are_json_schema(operation: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(operation["requestBody"]["content"]["application/json"]["schema"])
    for response in operation["responses"].values():
        for content in response["content"].values():
            Draft202012Validator.check_schema(content["schema"])


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation["operationId"])
def test_what_the_document_lets_through_is_what_the_model_lets_through(operation: dict[str, Any]) -> None:
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema["additionalProperties"] is False
    assert set(schema.get("required", [])) <= set(schema["properties"])
