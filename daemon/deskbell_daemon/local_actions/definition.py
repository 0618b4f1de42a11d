"""`[action.NAME]` of config.toml: a program, its parameters, and the limits within which it runs."""

import hashlib
import re
from pathlib import Path, PurePath
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from deskbell_wire.local import MOST_PARAMETERS, LocalAction, LocalParameter

MOST_SLOTS: Final = 100
TEXT_CHARACTERS: Final = 1_000
"""Of a text or a path, where the person says nothing else."""

Choice = Literal["ask", "allow", "refuse"]

_SLOT: Final = re.compile(r"\{([a-z][a-z0-9_]{0,39})\}")

INTERPRETERS: Final = re.compile(
    r"(?:ba|da|z|k|mk|c|tc|fi|a)?sh|busybox|env|xargs|nohup|timeout|sudo|doas|su|awk|gawk|sed|perl|ruby|php|lua|node|deno|bun"
    r"|python[0-9.]*|pypy[0-9.]*|osascript|powershell|pwsh|cmd|wscript|cscript",
    re.IGNORECASE,
)
"""Programs whose first argument is itself a program: a caller must never be the one who gives it."""

_FORBIDDEN: Final = re.compile(
    r"(?:LD_|DYLD_|PYTHON|DESKBELL_|_PYI|_MEIPASS).*|.*(?:TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|API_?KEY|PRIVATE_?KEY).*"
    r"|BASH_ENV|ENV|IFS|SHELLOPTS|BASHOPTS|PS4|NODE_OPTIONS|PERL5OPT|RUBYOPT|PATH",
    re.IGNORECASE,
)
"""Names that change which code runs, or that hold a secret: not for a program that an assistant may start."""


def _may_be_passed(name: str) -> str:
    if _FORBIDDEN.fullmatch(name):
        raise ValueError(f"{name} is never passed on: it holds a secret or changes which code runs")
    return name


def _whole_path(path: Path) -> Path:
    whole = path.expanduser()
    if not whole.is_absolute():
        raise ValueError(f"must be a whole path, such as /home/me/Projects or ~/Projects, not {path}")
    return whole


WholePath = Annotated[Path, AfterValidator(_whole_path)]
VariableName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_()]{0,99}$"), AfterValidator(_may_be_passed)
]
Slot = Annotated[str, StringConstraints(max_length=4_000, pattern=r"^[^\x00]*$")]


class Parameter(LocalParameter):
    """A parameter with what stays on the laptop: where a path may lie, and what stands in for a value that is missing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    root: WholePath | None = Field(default=None, description="Of a path: the folder in which it must lie")
    must_exist: bool = Field(default=True, description="Of a path: whether there must be something")
    leading_dash: bool = Field(default=False, description="Whether the value may start with '-', as an option does")
    default: str | int | float | None = Field(default=None, description="In a text: {today} is the day's date")

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        if (self.kind == "path") != (self.root is not None):
            raise ValueError(
                f"{self.name}: a path needs its root, the folder in which it must lie; nothing else has one"
            )
        if self.required and self.default is not None:
            raise ValueError(f"{self.name}: what has a default is not required; write required = false")
        return self

    @property
    def most_characters(self) -> int:
        """Of a text or a path."""
        return self.max_length or TEXT_CHARACTERS

    def declared(self) -> LocalParameter:
        """What the relay and assistants see of it."""
        public = {name: getattr(self, name) for name in LocalParameter.model_fields}
        if self.kind in ("text", "path"):
            public["max_length"] = self.most_characters
        return LocalParameter.model_validate(public)


class ActionTable(BaseModel):
    """One local action, as the person wrote it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(default="", max_length=100)
    description: str = Field(min_length=1, max_length=500, description="By it, the assistant chooses")
    argv: tuple[Slot, ...] = Field(min_length=1, max_length=MOST_SLOTS)
    parameters: tuple[Parameter, ...] = Field(default=(), max_length=MOST_PARAMETERS)
    folder: WholePath | None = Field(default=None, description="The working folder; without it, the home folder")
    timeout_s: float = Field(default=60, gt=0, le=3600)
    output_bytes: int = Field(default=65_536, ge=1_000, le=200_000)
    environment: tuple[VariableName, ...] = Field(
        default=(), max_length=50, description="Passed on beside the few usual"
    )
    consent: Choice | None = Field(default=None, description="Without it, the rules of [consent]")
    keeps_running: bool = Field(default=False, description="What it starts may go on after it has ended")

    @model_validator(mode="after")
    def _slots_and_parameters_fit(self) -> Self:
        names = {parameter.name for parameter in self.parameters}
        used = {name for slot in self.argv if (name := parameter_of(slot)) is not None}
        for slot in self.argv:
            if parameter_of(slot) is None and (part := _SLOT.search(slot)) and part[1] in names:
                raise ValueError(f"argv: {slot!r}: a parameter fills a whole slot, never a part of one")
        if unknown := sorted(used - names):
            raise ValueError(f"argv: {{{unknown[0]}}} is none of the parameters")
        if unused := sorted(names - used):
            raise ValueError(f"parameters: {unused[0]} fills no slot of argv")
        if not self.argv[0].strip():
            raise ValueError("argv: the first word is the program")
        if parameter_of(self.argv[0]) is not None:
            raise ValueError("argv: the program cannot be a parameter")
        self._caller_gives_no_program()
        self.declared("checked")  # the wire's own rules
        return self

    def _caller_gives_no_program(self) -> None:
        program = PurePath(self.argv[0].replace("\\", "/")).name.removesuffix(".exe")
        if not INTERPRETERS.fullmatch(program):
            return
        for slot in self.argv[1:]:
            if parameter_of(slot) is not None:
                raise ValueError(f"argv: {slot} would be what {program} executes; name a script before it")
            if not slot.startswith("-"):
                return

    def declared(self, name: str) -> LocalAction:
        """What the relay and assistants see of it."""
        return LocalAction(
            name=name,
            title=self.title or name.replace("_", " ").capitalize(),
            description=self.description,
            parameters=[parameter.declared() for parameter in self.parameters],
        )

    def digest(self) -> str:
        """Changes with anything in the definition: a consent holds for what the person saw."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


def parameter_of(slot: str) -> str | None:
    """The name of the parameter that fills this slot of argv; None for a literal."""
    found = _SLOT.fullmatch(slot)
    return found[1] if found else None
