"""The typed inputs and outputs of the `note.*` actions. Descriptions are read by assistants: they stand in both doors."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from deskbell_wire.clock import Timestamp
from deskbell_wire.ids import CommandId, RunId
from deskbell_wire.run import ModelName, ProviderName

MAX_NOTE_CHARACTERS = 90_000
"""What fits into one Action body of 100,000 characters with room for the rest."""

MAX_PAGE_CHARACTERS = 60_000
"""What `note.read` gives at once: escaped as JSON it must stay below 100,000 characters."""


class Input(BaseModel):
    """An action's arguments: unknown fields are refused, so that a misspelt one is not silently dropped."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=False)


class Output(BaseModel):
    """What an action gives back."""

    model_config = ConfigDict(extra="ignore", frozen=True)


NotePath = Annotated[
    str,
    Field(
        min_length=1,
        max_length=1_000,
        description="The note's path inside the notes folder, as given by another note operation, such as 'Ideas/Boat.md'.",
    ),
]
Folder = Annotated[
    str,
    Field(max_length=500, description="A folder inside the notes folder, such as 'Ideas/2026'. Empty: the top folder."),
]
Tag = Annotated[str, Field(min_length=1, max_length=100)]
Version = Annotated[
    str,
    Field(
        pattern=r"^[0-9a-f]{16}$",
        description="The version of the note that you read; a write on top of a changed note is refused.",
    ),
]


class CreateNote(Input):
    title: str = Field(
        min_length=1, max_length=300, description="The note's title; it also names the file. Plain words, no path."
    )
    body: str = Field(default="", max_length=MAX_NOTE_CHARACTERS, description="The note's text, in Markdown.")
    folder: Folder = ""
    tags: list[Tag] = Field(default_factory=list, max_length=20, description="Tags for the note's front matter.")


class AppendNote(Input):
    path: NotePath
    text: str = Field(min_length=1, max_length=MAX_NOTE_CHARACTERS, description="Markdown to add at the end.")
    heading: str | None = Field(
        default=None, max_length=300, description="Add at the end of the section under this heading instead."
    )
    create: bool = Field(default=False, description="Make the note if there is none at this path.")


class EditNote(Input):
    path: NotePath
    version: Version
    heading: str | None = Field(
        default=None, max_length=300, description="Replace the text of the section under this heading. Or give find."
    )
    find: str | None = Field(
        default=None,
        min_length=1,
        max_length=20_000,
        description="Replace this exact text, which must stand in the note once. Or give heading.",
    )
    replacement: str = Field(max_length=MAX_NOTE_CHARACTERS, description="The new Markdown. Empty removes the old.")

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.heading is None) == (self.find is None):
            raise ValueError("give either heading or find, and not both")
        return self


class ReadNote(Input):
    path: NotePath
    heading: str | None = Field(default=None, max_length=300, description="Only the section under this heading.")
    offset: int = Field(default=0, ge=0, le=100_000_000, description="Start at this character; see next_offset.")
    limit: int = Field(
        default=20_000, ge=1, le=MAX_PAGE_CHARACTERS, description="How many characters to give at the most."
    )


class SearchNotes(Input):
    query: str = Field(
        min_length=1,
        max_length=500,
        description='Words that must all occur; "exact phrase" in double quotes; -word excludes.',
    )
    folder: Folder = ""
    tag: Tag | None = Field(default=None, description="Only notes with this tag.")
    limit: int = Field(default=10, ge=1, le=50, description="How many notes to give at the most.")


class ListNotes(Input):
    folder: Folder = ""
    tag: Tag | None = Field(default=None, description="Only notes with this tag.")
    limit: int = Field(default=50, ge=1, le=200, description="How many notes to give at the most.")
    page: str | None = Field(default=None, max_length=200, description="next_page of the answer before.")


class TrashNote(Input):
    path: NotePath
    version: Version | None = Field(default=None, description="If given, a note changed since is not trashed.")


class UndoNote(Input):
    path: NotePath | None = Field(
        default=None,
        description="Undo Deskbell's last change to this note. Without it and command_id: its last change at all.",
    )
    command_id: CommandId | None = Field(default=None, description="Undo what this command did.")


class DraftNote(Input):
    title: str = Field(
        min_length=1, max_length=300, description="The note's title; it also names the file. Plain words, no path."
    )
    prompt: str | None = Field(
        default=None, min_length=1, max_length=50_000, description="What the AI is asked to write. Or give run_id."
    )
    run_id: RunId | None = Field(
        default=None,
        description="A run that has begun already, instead of a prompt: its answer is written down from its beginning.",
    )
    provider: ProviderName | None = Field(
        default=None, description="The AI provider, such as openai or local. Absent: the relay's first."
    )
    model: ModelName | None = Field(default=None, description="The provider's model. Absent: the relay's usual one.")
    folder: Folder = ""
    tags: list[Tag] = Field(default_factory=list, max_length=20, description="Tags for the note's front matter.")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.prompt is None) == (self.run_id is None):
            raise ValueError("give either prompt or run_id, and not both")
        if self.run_id is not None and (self.provider or self.model):
            raise ValueError("a run that has begun has its provider and model already")
        return self


class NoteRef(Output):
    """A note after a write."""

    path: str = Field(description="The note's path inside the notes folder.")
    title: str
    version: str = Field(description="Give it to editNote.")
    characters: int = Field(description="The length of the note's text.")
    created: bool = Field(default=False, description="Whether this command made the note.")


class DraftedNote(NoteRef):
    """A note that an AI has written, as far as it came."""

    run_id: RunId | None = None
    partial: bool = Field(default=False, description="Whether the answer was stopped: then a part of it is kept.")
    reason: str | None = Field(default=None, description="Why only a part of it is there.")
    provider: str | None = Field(default=None, description="Who answered.")
    model: str | None = None
    tokens: int | None = Field(default=None, description="The tokens of the answer.")
    ttft_ms: float | None = Field(default=None, description="Milliseconds until the first token.")
    tokens_per_s: float | None = Field(default=None, description="From the first token to the last.")


class NoteText(Output):
    path: str
    title: str
    version: str = Field(description="Give it to editNote.")
    tags: list[str] = Field(default_factory=list)
    headings: list[str] = Field(default_factory=list, description="The note's headings, in order; at most 200.")
    text: str = Field(description="The asked part of the note's text, in Markdown.")
    characters: int = Field(description="The length of the whole text.")
    next_offset: int | None = Field(default=None, description="Where the next part starts. Absent: this was the last.")
    updated_at: Timestamp


class NoteHit(Output):
    path: str
    title: str
    snippet: str = Field(description="The place that matches; matching words between ** marks.")
    updated_at: Timestamp


class NoteHits(Output):
    hits: list[NoteHit]
    total: int = Field(description="How many notes match in all.")


class NoteEntry(Output):
    path: str
    title: str
    tags: list[str] = Field(default_factory=list)
    characters: int
    updated_at: Timestamp


class NoteList(Output):
    notes: list[NoteEntry] = Field(description="Newest change first.")
    total: int
    next_page: str | None = Field(default=None, description="Give it as page for the rest. Absent: there is no more.")


class TrashedNote(Output):
    path: str = Field(description="Where the note was.")
    title: str
    trashed_as: str = Field(description="Its name in the trash; undoNote brings it back.")


class UndoneNote(Output):
    path: str = Field(description="The note's path now.")
    title: str
    undone: str = Field(description="What was undone: create, append, edit, draft, trash or undo.")
    version: str | None = Field(default=None, description="The note's version now. Absent: it is in the trash.")
