"""Arguments of a request, checked against their model; what is wrong is said field by field."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from deskbell_wire.errors import Problem

Model = TypeVar("Model", bound=BaseModel)

MOST_FIELDS = 10
MOST_CHARACTERS = 300


def parsed(model: type[Model], body: Mapping[str, Any]) -> Model:
    """`body` as `model`. Raises Problem invalid_arguments, which names each wrong field and what it should be."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise invalid(error) from None


def invalid(error: ValidationError) -> Problem:
    """The problem of a failed validation. Values are not repeated: they may be long, or secret."""
    fields = [
        {
            "field": ".".join(map(str, item["loc"])) or "(body)",
            "problem": item["msg"].removeprefix("Value error, ")[:MOST_CHARACTERS],
        }
        for item in error.errors(include_url=False, include_context=False, include_input=False)[:MOST_FIELDS]
    ]
    sentences = "; ".join(f"{item['field']}: {item['problem']}" for item in fields)
    return Problem("invalid_arguments", f"The arguments do not fit: {sentences}.", fields=fields)


def whole_number(query: Mapping[str, str], name: str, *, default: int, least: int, most: int) -> int:
    """A number of the query string. Raises Problem invalid_arguments."""
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most):
        raise Problem("invalid_arguments", f"{name} must be a whole number from {least} to {most}.")
    return int(text)
