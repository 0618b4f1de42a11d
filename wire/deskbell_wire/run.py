"""A run: one AI generation, as those ask for it who want an answer, and as its viewers read it."""

from typing import Annotated, Final, Literal, Self, get_args

from pydantic import Field, StringConstraints, model_validator

from deskbell_wire.clock import Timestamp
from deskbell_wire.command import WireModel
from deskbell_wire.ids import CommandId, RunId

EndStatus = Literal["done", "stopped", "error"]
RunStatus = Literal["running", "done", "stopped", "error"]
END_STATUSES: Final[frozenset[EndStatus]] = frozenset(get_args(EndStatus))

MOST_MESSAGES: Final = 200

ProviderName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
ModelName = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,200}$")]
"""Visible ASCII, as all providers name their models."""


class Message(WireModel):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: Annotated[str, StringConstraints(min_length=1)]


class NoteAsked(WireModel):
    """What became of the wish to have a run's answer written into a note: a command, or why there is none."""

    command_id: CommandId | None = Field(default=None, description="The `note.draft` command; it answers with the path")
    error: str | None = Field(default=None, description="A sentence for the person; the run itself goes on")


class RunRequest(WireModel):
    """What `POST /ai/runs` takes: a prompt, or a whole conversation."""

    provider: ProviderName
    model: ModelName | None = Field(default=None, description="Default: the one that the operator chose")
    prompt: Annotated[str, StringConstraints(min_length=1)] | None = None
    messages: Annotated[list[Message], Field(min_length=1, max_length=MOST_MESSAGES)] | None = None
    run_id: RunId | None = Field(
        default=None, description="The run's id, if the caller chooses it: asked again with it, it is the same run"
    )
    save_as_note: bool = Field(
        default=False, description="A device of the account writes the answer into a note while it comes"
    )
    note_title: Annotated[str, StringConstraints(min_length=1, max_length=300)] | None = Field(
        default=None, description="Of that note. Default: the prompt's first words"
    )
    note_folder: Annotated[str, StringConstraints(max_length=500)] = Field(
        default="", description="Of that note, inside the notes folder. Empty: the top folder"
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.prompt is None) == (self.messages is None):
            raise ValueError("give either prompt or messages")
        return self

    def conversation(self) -> list[Message]:
        """The messages; a prompt is one of the user's."""
        return self.messages or [Message(role="user", content=self.prompt or "")]


class RunStarted(WireModel):
    """What `POST /ai/runs` answers: 201, or 200 when there was a run of that id already."""

    run_id: RunId
    provider: ProviderName
    model: str
    stream: str = Field(description="The path of its stream")
    note: NoteAsked | None = Field(default=None, description="With save_as_note")


class Usage(WireModel):
    """What the run took, in tokens."""

    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(ge=0)
    source: Literal["provider", "counted"] = Field(
        description="counted: the provider said nothing; a quarter of the characters, or the answer's pieces if they are more"
    )

    @property
    def total(self) -> int:
        """What counts against a budget."""
        return self.prompt_tokens + self.completion_tokens


class TokenEvent(WireModel):
    """The data of a `token` event: a piece of the answer, as the provider cut it."""

    text: str


class EndEvent(WireModel):
    """The data of the one `end` event; nothing comes after it."""

    status: EndStatus
    code: str | None = Field(default=None, description="Of the table of errors, when status is error")
    message: str | None = Field(default=None, description="A sentence for the person")
    finish_reason: str | None = Field(default=None, description="The provider's word, such as stop or length")
    stops_billing: bool | None = Field(
        default=None, description="Whether this provider stops counting when it is stopped; null: it does not say"
    )
    usage: Usage
    ttft_ms: float | None = Field(default=None, description="From the request to the first token")
    duration_ms: float
    tokens_per_s: float | None = Field(default=None, description="From the first token to the last")
    retries: int = Field(default=0, ge=0, description="How often the provider was asked again before its first byte")


class RunInfo(WireModel):
    """What `GET /ai/runs/{id}` says."""

    id: RunId
    provider: ProviderName
    model: str
    status: RunStatus
    created_at: Timestamp
    ended_at: Timestamp | None = None
    resumable: bool = Field(description="Whether its stream can still be read")
    save_as_note: bool = False
    text: str = Field(description="The answer, as far as it has come")
    end: EndEvent | None = None


class RunNotice(WireModel):
    """The data of a `run` event: a run of the account has started or ended; first on a run's own stream too."""

    id: RunId
    provider: ProviderName
    model: str
    status: RunStatus
    save_as_note: bool = False
