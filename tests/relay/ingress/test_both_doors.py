"""One catalogue, two doors: what one offers the other offers, in the same words, and nothing else."""

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from deskbell_relay.ingress.mcp.rights import needed
from deskbell_relay.ingress.mcp.tools import TOOLS, renamed
from deskbell_relay.ingress.openapi import document
from deskbell_wire.actions import BY_OPERATION, CATALOGUE, SCOPES, Action, in_tool_names

OPENAPI = document("https://bell.example")
BY_NAME = {tool.name: tool for tool in TOOLS}


def operation(action: Action) -> dict[str, Any]:
    found: dict[str, Any] = OPENAPI["paths"][f"/actions/{action.operation_id}"]["post"]
    return found


def test_both_doors_have_the_catalogue_and_nothing_else() -> None:
    assert [tool.name for tool in TOOLS] == [action.tool_name for action in CATALOGUE]
    assert list(OPENAPI["paths"]) == [f"/actions/{action.operation_id}" for action in CATALOGUE]


@pytest.mark.parametrize("action", CATALOGUE, ids=lambda action: action.id)
def test_an_action_is_described_alike_at_both(action: Action) -> None:
    tool, there = BY_NAME[action.tool_name], operation(action)
    assert tool.title == there["summary"]
    assert tool.description == in_tool_names(there["description"])
    assert tool.input_schema == renamed(there["requestBody"]["content"]["application/json"]["schema"])
    assert tool.output_schema == renamed(there["responses"]["200"]["content"]["application/json"]["schema"])
    assert [{"deskbell": [scope]} for scope in tool.meta["securitySchemes"][0]["scopes"]] == there["security"]
    assert needed("tools/call", {"name": tool.name}) == action.scope
    assert action.scope in SCOPES


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_tool_has_valid_schemas_all_hints_and_names_tools_that_exist(tool: Any) -> None:
    for schema in (tool.input_schema, tool.output_schema):
        Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object"
        assert "$ref" not in str(schema)
    hints = tool.annotations.model_dump()
    assert None not in hints.values()
    text = f"{tool.description} {tool.input_schema} {tool.output_schema}"
    assert not re.search(rf"\b({'|'.join(BY_OPERATION)})\b", text), "a tool is called by its name at the other door"


def test_a_reading_tool_is_said_to_change_nothing_and_a_changing_one_to_change_something() -> None:
    for action in CATALOGUE:
        hints = BY_NAME[action.tool_name].annotations
        assert hints is not None
        assert hints.read_only_hint == (action.risk == "read")
        assert hints.destructive_hint == action.destructive
