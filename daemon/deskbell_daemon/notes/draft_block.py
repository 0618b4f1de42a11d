"""The front matter of a note that an AI is writing: how far it is, and that it is not whole yet.

The file says for itself how many characters of the answer it holds. So a note that a person saved while it was written,
from an older state too, is gone on with from where their text stands: nothing is lost and nothing stands there twice.
The answer's own text can forge none of this: it only ever comes after our block.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from deskbell_daemon.notes import front_matter, markdown
from deskbell_daemon.notes.document import Document

_COUNT: Final = re.compile(r"^([ \t]+characters:[ \t]+)\d+", re.MULTILINE)
_COUNT_LINE: Final = re.compile(r"^([ \t]+)characters:[ \t]+\d+[ \t]*(\r?\n)", re.MULTILINE)
_STATUS_LINE: Final = re.compile(r"^status:[ \t]+drafting[ \t]*(\r?\n)", re.MULTILINE)

ANCHORS: Final = (60, 30, 15)
"""So many of the last characters tell the place where the rest belongs; fewer, where a person changed one of those."""


def opened(title: str, tags: Sequence[str], created: str, command: str, run: str) -> str:
    """A note that holds nothing yet of the answer of that run."""
    block = front_matter.fresh(title, tags, created, command)
    head, _, _ = block.rpartition("deskbell:\n")
    return f"{head}status: drafting\ndeskbell:\n  command: {command}\n  run: {run}\n  characters: 0\n---\n"


def is_ours(document: Document, command: str, run: str) -> bool:
    """Whether the note is still the draft of that run, and says how far it is in a place that we can write."""
    meta = document.block.meta
    if meta.draft is None or meta.command != command or meta.draft.run != run or meta.draft.status != "drafting":
        return False
    if meta.draft.poured is None:
        return False
    other = front_matter.find(_counted(document.content[: document.block.text_at], meta.draft.poured + 1)).meta.draft
    return other is not None and other.poured == meta.draft.poured + 1


def grown(document: Document, answer: str, poured: int) -> Document:
    """The draft, which holds `poured` characters of the answer, with the rest of what has come of it.

    Only `content` and the place of the text count in what is given back; its digest is the old one's.
    """
    at = document.block.text_at
    head, body = _counted(document.content[:at], max(poured, len(answer))), document.content[at:]
    newline = document.newline
    addition = markdown.with_newlines(answer[poured:], newline)
    place = _place(body, answer[:poured], newline)
    if place is not None:
        body = body[:place] + addition + body[place:]
    else:  # a person has changed the last words, or written before the first
        if not poured or answer[poured - 1 : poured] == "\n":
            body += "" if not body or body.endswith(newline) else newline
        else:
            body = body.removesuffix(newline)
        body += addition
    return replace(document, content=head + body, block=replace(document.block, text_at=len(head)))


def ended(document: Document, sentence: str | None) -> str:
    """The content of a draft that will not grow any more: whole, or a part of an answer with the reason."""
    at = document.block.text_at
    head, body = document.content[:at], document.content[at:]
    if sentence is None:
        head = _COUNT_LINE.sub("", _STATUS_LINE.sub("", head, count=1), count=1)
    else:
        reason = front_matter.scalar(sentence)
        head = _STATUS_LINE.sub(lambda found: f"status: partial{found[1]}", head, count=1)
        head = _COUNT_LINE.sub(lambda found: f"{found[0]}{found[1]}partial: {reason}{found[2]}", head, count=1)
    if body and not body.endswith("\n"):
        body += document.newline
    return head + body


def _place(body: str, answer: str, newline: str) -> int | None:
    """Where in the body the answer ends until now; None when that cannot be told."""
    for size in ANCHORS:
        words = answer[-size:]
        anchor = markdown.with_newlines(words, newline)
        if anchor and body.endswith(anchor):
            return len(body)
        place = body.find(anchor)
        # Once in the body, and once in the answer: else it may be an earlier place, whose twin a person has changed.
        if anchor and 0 <= place == body.rfind(anchor) and answer.find(words) == len(answer) - len(words):
            return place + len(anchor)
    return None


def _counted(head: str, characters: int) -> str:
    return _COUNT.sub(lambda found: f"{found[1]}{characters}", head, count=1)
