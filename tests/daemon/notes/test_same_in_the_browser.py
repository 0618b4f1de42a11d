"""The extension keeps notes by the same rules: what `extension/tests/notes/rules.json` says of each, the daemon says too."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from deskbell_daemon.notes import front_matter, names
from deskbell_daemon.notes.document import decode
from deskbell_wire.errors import Problem

ROOT: Final = Path(__file__).parents[3]
RULES: Final = json.loads((ROOT / "extension/tests/notes/rules.json").read_text(encoding="utf-8"))
CREATED: Final = "2026-11-24T13:52:35.123456Z"
COMMAND: Final = "cmd_01932c07-5a00-7000-8000-000000000001"


def answer(rule: str, given: list[Any]) -> Any:
    """What the daemon makes of `given`; a Problem is its code."""
    try:
        return ANSWERS[rule](*given)
    except Problem as problem:
        return {"problem": problem.code}


def _meta(content: str) -> dict[str, Any]:
    document = decode("Note.md", content.encode())
    meta = document.block.meta
    headings = [[heading.level, heading.title] for heading in document.headings()]
    return {
        "title": meta.title,
        "tags": list(meta.tags),
        "command": meta.command,
        "text": document.text,
        "headings": headings,
    }


def _append(content: str, text: str, heading: str | None) -> str:
    return decode("Note.md", content.encode()).with_addition(text, heading).decode()


def _section(content: str, heading: str, replacement: str) -> str:
    return decode("Note.md", content.encode()).with_section(heading, replacement).decode()


def _find(content: str, find: str, replacement: str) -> str:
    return decode("Note.md", content.encode()).with_replaced(find, replacement).decode()


def _fresh(title: str, body: str, tags: list[str]) -> str:
    return front_matter.new_note(title, body, tags, CREATED, COMMAND)


def _merged(title: str, body: str, tags: list[str]) -> dict[str, Any]:
    """What a block of its own becomes may be written in two ways that are read the same."""
    return _meta(front_matter.new_note(title, body, tags, CREATED, COMMAND))


ANSWERS: Final[dict[str, Any]] = {
    "file_name": names.file_name,
    "folder_name": names.folder_name,
    "note_path": names.note_path,
    "folder_path": names.folder_path,
    "display": names.display,
    "numbered": names.numbered,
    "meta": _meta,
    "append": _append,
    "section": _section,
    "find": _find,
    "fresh": _fresh,
    "merged": _merged,
}
CASES: Final = [(rule, given, expected) for rule, cases in RULES.items() for given, expected in cases]


@pytest.mark.parametrize(("rule", "given", "expected"), CASES, ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)])
def test_the_daemon_keeps_the_rule(rule: str, given: list[Any], expected: Any) -> None:
    assert answer(rule, given) == expected


def test_every_rule_has_cases() -> None:
    assert set(RULES) == set(ANSWERS)
