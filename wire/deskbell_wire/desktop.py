"""The typed inputs and outputs of the actions on the desktop itself: a notification, and the clipboard."""

from pydantic import Field

from deskbell_wire.notes import Input, Output


class NotifyDesktop(Input):
    title: str = Field(min_length=1, max_length=100, description="One line, in plain words.")
    text: str = Field(default="", max_length=500, description="What else to say, in plain text.")


class NotifiedDesktop(Output):
    shown: bool = Field(description="Whether the desktop took it; nobody knows whether the user looked.")


class WriteClipboard(Input):
    text: str = Field(min_length=1, max_length=50_000, description="The text that the user can paste then. Plain text.")


class WrittenClipboard(Output):
    characters: int = Field(description="How many characters stand in the clipboard now.")
