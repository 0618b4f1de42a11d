"""Front matter: the YAML block at the top of a note. Read leniently, written only into notes that we make.

The user's own block is never rewritten: append and edit change the text below it and nothing else. A fresh note gets
`title`, `tags`, `created` and `deskbell: {command: cmd_…}`, the last being the proof that a command made this note.
"""

import io
import json
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

MAX_BLOCK_CHARACTERS: Final = 65_536
_BLOCK: Final = re.compile(r"---[ \t]*\r?\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_COMMAND: Final = re.compile(r"cmd_[0-9a-f-]{36}")
_RUN: Final = re.compile(r"run_[0-9a-f-]{36}")
_PLAIN: Final = re.compile(r"[^\W\d_](?:[\w ,.()+/-]*[\w.)])?")
_WORDS_OF_YAML: Final = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null", "inf", "nan", "none"])
_UNPRINTABLE: Final = re.compile(
    "[^\\x20-\\x7e\\xa0-\\u2027\\u202a-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd\\U00010000-\\U0010ffff]"
)
_UNREADABLE: Final = (
    YAMLError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    RecursionError,
    OverflowError,
)
"""What ruamel.yaml lets escape for input that it cannot take, bad dates and deep nesting among it."""

_parsers = threading.local()

DraftStatus = Literal["drafting", "partial"]
_STATUSES: Final[dict[Any, DraftStatus]] = {"drafting": "drafting", "partial": "partial"}


@dataclass(frozen=True, slots=True)
class DraftMark:
    """That an AI writes, or wrote, this note: its run; how far it is, in characters of the answer; None once it is whole."""

    run: str
    status: DraftStatus | None = None
    poured: int | None = None


@dataclass(frozen=True, slots=True)
class Meta:
    """What we read from front matter. `title` is None when there is none that is text."""

    title: str | None = None
    tags: tuple[str, ...] = ()
    command: str | None = None
    created: str | None = None
    draft: DraftMark | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """The block's extent in the note's text, without a BOM.

    `text_at` is where the note's text starts; `headings_at` where headings may. They differ for a broken block, which stays
    readable as text while its comments are no headings.
    """

    text_at: int = 0
    headings_at: int = 0
    meta: Meta = Meta()


def find(text: str) -> Block:
    """The front matter at the beginning of `text`; a Block of length 0 when there is none."""
    match = _BLOCK.match(text, 0, MAX_BLOCK_CHARACTERS) if text.startswith("---") else None
    if match is None:
        return Block()
    raw = match[1]
    meta = _ours(raw)
    if meta is None:
        try:
            data = _load(raw)
        except _UNREADABLE:
            return Block(0, match.end())
        if data is None:
            return Block(match.end(), match.end())
        if not isinstance(data, Mapping):
            # Text between two rulers, not metadata.
            return Block()
        meta = _meta(data)
    return Block(match.end(), match.end(), meta)


def fresh(title: str, tags: Sequence[str], created: str, command: str) -> str:
    """A block for a new note, as any YAML reader reads it back; 30 times faster than a round trip through ruamel."""
    lines = ["---", f"title: {scalar(title)}"]
    if tags:
        lines.append("tags:")
        lines += [f"  - {scalar(tag)}" for tag in tags]
    lines += [f"created: {created}", "deskbell:", f"  command: {command}", "---", ""]
    return "\n".join(lines)


def merged(body: str, title: str, tags: Sequence[str], created: str, command: str) -> str | None:
    """`body`, which has a block of its own, with ours added to it: its keys, comments and order stay.

    None when the block is missing or broken: then it is text.
    """
    match = _BLOCK.match(body, 0, MAX_BLOCK_CHARACTERS) if body.startswith("---") else None
    if match is None:
        return None
    try:
        yaml = _round_trip()
        data = yaml.load(match[1])
        if data is None:
            data = CommentedMap()
        if not isinstance(data, CommentedMap):
            return None
        data.setdefault("title", title)
        own = _tags(data.get("tags"))
        if missing := [tag for tag in tags if tag not in own]:
            if isinstance(data.get("tags"), list):
                data["tags"].extend(missing)
            else:
                data["tags"] = [*own, *missing]
        data.setdefault("created", created)
        data["deskbell"] = {"command": command}
        out = io.StringIO()
        yaml.dump(data, out)
    except _UNREADABLE:
        return None
    whole = f"---\n{out.getvalue()}---\n{body[match.end() :]}"
    return whole if find(whole).meta.command == command else None


def new_note(title: str, body: str, tags: Sequence[str], created: str, command: str) -> str:
    """A whole new note: `body`, ended by a newline, under its front matter."""
    ended = body if not body or body.endswith("\n") else body + "\n"
    return merged(ended, title, tags, created, command) or fresh(title, tags, created, command) + ended


def scalar(text: str) -> str:
    """`text` as a YAML scalar on one line: plain when that is safe, else double-quoted (YAML 1.2, 7.3.1)."""
    if _PLAIN.fullmatch(text) and text.isascii() and text.lower() not in _WORDS_OF_YAML:
        return text
    return _UNPRINTABLE.sub(_escape, json.dumps(text, ensure_ascii=False))


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _ours(raw: str) -> Meta | None:
    """Reads exactly what `fresh` writes, without a YAML parser; None for anything else."""
    if "deskbell:\n  command: cmd_" not in raw:
        return None
    lines = raw.split("\n")
    if len(lines) < 5 or not lines[0].startswith("title: ") or lines[-1]:
        return None
    created, deskbell, command = lines[-4:-1]
    command = command.removeprefix("  command: ")
    if deskbell != "deskbell:" or not created.startswith("created: ") or not _COMMAND.fullmatch(command):
        return None
    tag_lines = lines[1:-4]
    if tag_lines and (tag_lines.pop(0) != "tags:" or not all(line.startswith("  - ") for line in tag_lines)):
        return None
    try:
        title = _unquoted(lines[0].removeprefix("title: "))
        tags = _tags([_unquoted(line.removeprefix("  - ")) for line in tag_lines])
    except ValueError:
        return None
    return Meta(title if title.strip() else None, tuple(tags), command, created.removeprefix("created: "))


def _unquoted(value: str) -> str:
    if value.startswith('"'):
        # What JSON cannot read (\U…) is left to the YAML parser.
        text = json.loads(value)
        if isinstance(text, str):
            return text
    elif scalar(value) == value:
        return value
    raise ValueError(value)


def _load(raw: str) -> Any:
    if not hasattr(_parsers, "safe"):
        _parsers.safe = YAML(typ="safe", pure=True)
    return _parsers.safe.load(raw)


def _round_trip() -> YAML:
    # A new one each time: a round-trip parser keeps what it met, and this is off the hot path.
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 1_000_000
    yaml.allow_unicode = True
    return yaml


def _meta(data: Mapping[Any, Any]) -> Meta:
    title = data.get("title")
    deskbell = data.get("deskbell")
    command = deskbell.get("command") if isinstance(deskbell, Mapping) else None
    created = data.get("created")
    return Meta(
        title if isinstance(title, str) and title.strip() else None,
        tuple(_tags(data.get("tags"))),
        command if isinstance(command, str) and _COMMAND.fullmatch(command) else None,
        created if isinstance(created, str) else created.isoformat() if isinstance(created, date) else None,
        _draft(data, deskbell) if isinstance(deskbell, Mapping) else None,
    )


def _draft(data: Mapping[Any, Any], deskbell: Mapping[Any, Any]) -> DraftMark | None:
    run, poured, status = deskbell.get("run"), deskbell.get("characters"), data.get("status")
    if not isinstance(run, str) or not _RUN.fullmatch(run):
        return None
    counted = isinstance(poured, int) and not isinstance(poured, bool) and poured >= 0
    return DraftMark(run, _STATUSES.get(status) if isinstance(status, str) else None, poured if counted else None)


def _tags(value: Any) -> list[str]:
    """Tags as people write them: a list, or one string with commas or spaces; a leading # is dropped."""
    found = re.split(r"[,\s]+", value) if isinstance(value, str) else value if isinstance(value, list) else []
    tags = [str(tag).lstrip("#")[:100] for tag in found if isinstance(tag, str | int) and not isinstance(tag, bool)]
    return [tag for tag in tags if tag]
