"""The JSON Schemas of the catalogue's inputs and outputs, made once for every door."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from deskbell_relay.ingress.envelope import Envelope
from deskbell_wire.actions import Action
from deskbell_wire.result import Result


def answers_with_result(action: Action) -> bool:
    """Whether the answer is a command's `Result`; the relay's own look-ups answer at once, with their output alone."""
    return action.performer == "device" or action.output is Result


def input_schema(action: Action) -> dict[str, Any]:
    """What the caller sends: the action's input, and the envelope where a device performs it."""
    schema = flat_schema(action.input)
    if action.performer == "device":
        schema["properties"] = schema.get("properties", {}) | flat_schema(Envelope)["properties"]
    return schema


def output_schema(action: Action) -> dict[str, Any]:
    """The answer: a `Result` whose `output` is the action's, or the output alone."""
    if not answers_with_result(action):
        return flat_schema(action.output, mode="serialization")
    schema = flat_schema(Result, mode="serialization")
    if action.output is not Result:
        schema["properties"]["output"] = flat_schema(action.output, mode="serialization")
    return schema


def flat_schema(model: type[BaseModel], mode: str = "validation") -> dict[str, Any]:
    """The model's JSON Schema without `$ref`, `$defs` and titles, and with `X or null` said as `X` where null means absent."""
    schema = model.model_json_schema(mode="serialization" if mode == "serialization" else "validation")
    definitions = schema.pop("$defs", {})
    flat = _flat(schema, definitions)
    assert isinstance(flat, dict)
    if mode == "serialization":
        flat.pop("required", None)  # nulls are left out of answers
    flat.setdefault("properties", {})
    return flat


def _flat(node: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_flat(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = definitions[node["$ref"].rpartition("/")[2]]
        return _flat(target | {key: value for key, value in node.items() if key != "$ref"}, definitions)
    alternatives = [option for option in node.get("anyOf", []) if option != {"type": "null"}]
    if len(alternatives) == 1:
        rest = {key: value for key, value in node.items() if key not in ("anyOf", "default")}
        return _flat(alternatives[0] | rest, definitions)
    # `title` is pydantic's repetition of a field's name; a property that is called title is a mapping, and stays.
    return {
        key: _flat(value, definitions)
        for key, value in node.items()
        if not (key == "title" and isinstance(value, str)) and not (key == "default" and value in (None, ""))
    }
