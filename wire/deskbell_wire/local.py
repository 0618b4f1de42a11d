"""Local actions: what a person has set up on a laptop, as the laptop declares it, and the actions that list and run them.

A declaration says what to ask for, never how it is done: argv, folders, environment and consent rules stay on the laptop.
"""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, FiniteFloat, StringConstraints, WithJsonSchema, model_validator

from deskbell_wire.command import WireModel
from deskbell_wire.notes import Input, Output

MOST_PARAMETERS: Final = 20
MOST_LOCAL_ACTIONS: Final = 100
"""Of one device."""
MOST_CHOICES: Final = 100

ParameterKind = Literal["text", "number", "choice", "path", "date"]

LocalName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]

ENVELOPE: Final = frozenset({"device", "idempotency_key"})
"""What a door puts beside the parameters; no parameter may be called so."""


class LocalParameter(WireModel):
    """One value that the caller gives."""

    name: LocalName
    kind: ParameterKind
    description: str = Field(default="", max_length=300)
    required: bool = True
    choices: list[Annotated[str, StringConstraints(min_length=1, max_length=200)]] = Field(
        default_factory=list, max_length=MOST_CHOICES
    )
    minimum: FiniteFloat | None = None
    maximum: FiniteFloat | None = None
    max_length: int | None = Field(default=None, ge=1, le=100_000)

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.name in ENVELOPE:
            raise ValueError(f"a parameter cannot be called {self.name}: every call has a field of that name already")
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError(f"{self.name}: choices belong to the kind choice, and to no other")
        if self.kind != "number" and (self.minimum is not None or self.maximum is not None):
            raise ValueError(f"{self.name}: minimum and maximum belong to the kind number alone")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"{self.name}: the minimum {self.minimum:g} is above the maximum {self.maximum:g}")
        if self.kind not in ("text", "path") and self.max_length is not None:
            raise ValueError(f"{self.name}: max_length belongs to the kinds text and path alone")
        return self


class LocalAction(WireModel):
    """One action as its device declares it."""

    name: LocalName
    title: str = Field(min_length=1, max_length=100)
    description: str = Field(default="", max_length=500)
    parameters: list[LocalParameter] = Field(default_factory=list, max_length=MOST_PARAMETERS)

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        if len({parameter.name for parameter in self.parameters}) != len(self.parameters):
            raise ValueError(f"{self.name}: two parameters have the same name")
        return self


Value = Annotated[str, StringConstraints(max_length=20_000)] | int | FiniteFloat | bool

Values = Annotated[
    dict[str, Value],
    Field(max_length=MOST_PARAMETERS),
    # The GPT editor wants `properties` on every object, also where they are not known beforehand.
    WithJsonSchema(
        {
            "type": "object",
            "properties": {},
            "additionalProperties": {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]},
            "maxProperties": MOST_PARAMETERS,
        }
    ),
]


class ListLocalActions(Input):
    """Takes nothing."""


class RunLocalAction(Input):
    name: LocalName = Field(description="The action's name, exactly as listLocalActions gives it.")
    parameters: Values = Field(
        default_factory=dict,
        description="A value for each of the action's parameters, by name, as listLocalActions describes them.",
    )


class LocalActionEntry(Output):
    name: str = Field(description="Give it as name to runLocalAction.")
    title: str
    description: str
    parameters: list[LocalParameter]
    device: str = Field(description="The device that has it; give it as device where two devices have the same name.")
    online: bool


class LocalActionEntries(Output):
    actions: list[LocalActionEntry]


class LocalActionOutput(Output):
    exit_code: int | None = Field(
        default=None, description="0 means that the program succeeded. Absent: something ended it."
    )
    output: str = Field(description="What the program printed.")
    error_output: str = Field(description="What it printed as errors and warnings.")
    truncated: bool = Field(description="Whether it printed more than is shown here.")
    seconds: float = Field(description="How long it ran.")


def parameters_schema(action: LocalAction) -> dict[str, Any]:
    """The JSON Schema (2020-12) of the action's parameters, as one object."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {parameter.name: _schema(parameter) for parameter in action.parameters},
        "additionalProperties": False,
    }
    required = [parameter.name for parameter in action.parameters if parameter.required]
    return schema | {"required": required} if required else schema


def _schema(parameter: LocalParameter) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "number" if parameter.kind == "number" else "string"}
    if parameter.description:
        schema["description"] = parameter.description
    if parameter.kind == "choice":
        schema["enum"] = list(parameter.choices)
    if parameter.kind == "date":
        schema["format"] = "date"
    bounds = {"minimum": parameter.minimum, "maximum": parameter.maximum, "maxLength": parameter.max_length}
    return schema | {keyword: value for keyword, value in bounds.items() if value is not None}
