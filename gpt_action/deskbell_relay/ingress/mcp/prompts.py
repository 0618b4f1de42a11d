"""The prompts for the common jobs: what a person picks from a menu, and the words that begin it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import mcp_types as types
from mcp.shared.exceptions import MCPError

MOST_CHARACTERS: Final = 20_000

Arguments = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Argument:
    """A blank in a prompt."""

    name: str
    description: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Prompt:
    """A job: its name, what it asks for, and the words for the assistant."""

    name: str
    title: str
    description: str
    words: Callable[[Arguments], str]
    arguments: tuple[Argument, ...] = ()

    def listed(self) -> types.Prompt:
        """As `prompts/list` says it."""
        blanks = [
            types.PromptArgument(name=blank.name, description=blank.description, required=blank.required)
            for blank in self.arguments
        ]
        return types.Prompt(name=self.name, title=self.title, description=self.description, arguments=blanks)


def _save_conversation(given: Arguments) -> str:
    title = f", titled “{given['title']}”" if given.get("title") else ""
    folder = f", in the folder “{given['folder']}”" if given.get("folder") else ""
    return (
        f"Save this conversation as a note with create_note{title}{folder}. Write it for somebody who was not here: a summary "
        "of two sentences, then decisions, facts, open questions and next steps under headings, with code and links kept "
        "exactly. Leave out small talk. Then tell me the note's path."
    )


def _find_notes(given: Arguments) -> str:
    return (
        f"Find what I wrote about “{given['topic']}” in my notes: use search_notes with several wordings, read the best matches "
        "with read_note, and answer from them alone. Name the path of each note that you used, and say plainly if there is "
        "nothing."
    )


def _add_to_journal(given: Arguments) -> str:
    day = given.get("date") or "today"
    return (
        f"Add this to my journal of {day}, the note Journal/YYYY-MM-DD.md of that day, with append_note and create set: "
        f"“{given['entry']}”. Keep my words, correct only spelling, and put the time in front."
    )


def _undo_last_change(_given: Arguments) -> str:
    return "Take back the last change to my notes with undo_note; tell me what it was, and how the note stands now."


PROMPTS: Final = (
    Prompt(
        "save_conversation",
        "Save this conversation as a note",
        "Writes what matters of this conversation into a new note on the laptop.",
        _save_conversation,
        (
            Argument("title", "The note's title; left out, the assistant chooses one", required=False),
            Argument("folder", "A folder for the note", required=False),
        ),
    ),
    Prompt(
        "find_notes",
        "Find what I wrote about …",
        "Searches the notes on the laptop and answers from them alone.",
        _find_notes,
        (Argument("topic", "What to look for"),),
    ),
    Prompt(
        "add_to_journal",
        "Add to the journal",
        "Appends an entry to the day's journal note.",
        _add_to_journal,
        (
            Argument("entry", "What happened, in your words"),
            Argument("date", "The day, such as 2026-11-24; left out, today", required=False),
        ),
    ),
    Prompt(
        "undo_last_change",
        "Undo the last change to my notes",
        "Takes back the last thing that was done to the notes.",
        _undo_last_change,
    ),
)
BY_NAME: Final = {prompt.name: prompt for prompt in PROMPTS}


def filled_in(name: str, given: Arguments | None) -> types.GetPromptResult:
    """The prompt's words with its blanks filled in. Raises MCPError for an unknown prompt or a blank that is missing."""
    prompt = BY_NAME.get(name)
    if prompt is None:
        raise MCPError(types.INVALID_PARAMS, f"There is no prompt {name[:100]!r}; there are: {', '.join(BY_NAME)}.")
    given = given or {}
    known = {blank.name for blank in prompt.arguments}
    missing = [blank.name for blank in prompt.arguments if blank.required and not given.get(blank.name, "").strip()]
    if missing or set(given) - known:
        raise MCPError(
            types.INVALID_PARAMS,
            f"The prompt {name} takes {', '.join(sorted(known)) or 'no arguments'}; missing: {', '.join(missing) or 'none'}.",
        )
    if sum(map(len, given.values())) > MOST_CHARACTERS:
        raise MCPError(types.INVALID_PARAMS, f"The arguments are longer than {MOST_CHARACTERS:,} characters together.")
    message = types.PromptMessage(role="user", content=types.TextContent(text=prompt.words(given)))
    return types.GetPromptResult(description=prompt.description, messages=[message])
