"""The catalogue as MCP tools, and answers as their results."""

import json
from collections.abc import Mapping
from typing import Any, Final

import mcp_types as types
from pydantic import BaseModel

from deskbell_relay.ingress.schemas import input_schema, output_schema
from deskbell_relay.results.archive import is_final
from deskbell_wire.actions import CATALOGUE, Action, in_tool_names
from deskbell_wire.errors import Problem
from deskbell_wire.result import Result


def tool_of(action: Action) -> types.Tool:
    """The action as `tools/list` says it: the same words and schemas as at the GPT Action door."""
    return types.Tool(
        name=action.tool_name,
        title=action.title,
        description=in_tool_names(action.description),
        input_schema=renamed(input_schema(action)),
        output_schema=renamed(output_schema(action)),
        annotations=hints_of(action),
        execution=types.ToolExecution(task_support="optional" if action.performer == "device" else "forbidden"),
        _meta={"securitySchemes": [{"type": "oauth2", "scopes": [action.scope]}]},  # read by ChatGPT
    )


def hints_of(action: Action) -> types.ToolAnnotations:
    """All hints, explicitly: a client that finds one missing assumes the worst, or the best."""
    return types.ToolAnnotations(
        title=action.title,
        read_only_hint=action.risk == "read",
        destructive_hint=action.destructive,
        idempotent_hint=action.risk == "read",
        open_world_hint=action.open_world,
    )


def renamed(schema: Any) -> Any:
    """The schema with the operations that its descriptions mention called as their tools are."""
    if isinstance(schema, list):
        return [renamed(item) for item in schema]
    if isinstance(schema, dict):
        return {
            key: in_tool_names(value) if key == "description" and isinstance(value, str) else renamed(value)
            for key, value in schema.items()
        }
    return schema


TOOLS: Final = tuple(tool_of(action) for action in CATALOGUE)
INPUT_SCHEMAS: Final[Mapping[str, Mapping[str, Any]]] = {tool.name: tool.input_schema for tool in TOOLS}


def result_of(answer: BaseModel) -> types.CallToolResult:
    """The answer as a tool's result: structured, and as text for clients that read nothing else.

    What was not done is an error, so that a model does not take it for success; what is not finished is none.
    """
    structured = answer.model_dump(mode="json", exclude_none=True)
    if not isinstance(answer, Result):
        return types.CallToolResult(content=[text(compact(structured))], structured_content=structured)
    brief = {key: value for key, value in structured.items() if key not in ("hops", "message")}
    sentence = sentence_of(answer)
    words = f"{sentence}\n{compact(brief)}" if sentence else compact(brief)
    return types.CallToolResult(
        content=[text(words)],
        structured_content=structured,
        is_error=is_final(answer.status) and answer.status != "done",
    )


def sentence_of(result: Result) -> str:
    """What the model is to make of a command that is not done; empty when it is."""
    if result.status == "done":
        return ""
    parts = [result.message or ""]
    if result.error is not None:
        parts += [result.error.message, result.error.next_step or ""]
    if not is_final(result.status):
        parts.append(f"Call get_result with command_id {result.id} after {result.check_after_s} seconds.")
    return in_tool_names(" ".join(part for part in parts if part))


def error_of(problem: Problem) -> types.CallToolResult:
    """What was not accepted, as a tool error that says what to do next; nothing was done."""
    document = problem.document(None)
    words = f"Nothing was done ({problem.code}). {document['detail']} {document.get('next_step', '')}".strip()
    return types.CallToolResult(
        content=[text(in_tool_names(words))], is_error=True, _meta={"deskbell/problem": document}
    )


def text(words: str) -> types.TextContent:
    """A piece of text."""
    return types.TextContent(text=words)


def compact(value: Any) -> str:
    """Compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
