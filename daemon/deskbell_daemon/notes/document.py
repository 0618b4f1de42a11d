"""A note's file as text: bytes in, text with its parts out, and back without touching what was not changed."""

import codecs
import hashlib
from dataclasses import dataclass

from deskbell_daemon.notes import front_matter, markdown
from deskbell_daemon.notes.names import short, split
from deskbell_wire.errors import Problem
from deskbell_wire.notes import NoteRef


@dataclass(frozen=True, slots=True)
class Document:
    """`content` is the decoded file without a BOM, with its own line ends; `block` its front matter."""

    path: str
    content: str
    block: front_matter.Block
    bom: bool
    digest: str
    """SHA-256 of the file, hexadecimal."""

    @property
    def version(self) -> str:
        return self.digest[:16]

    @property
    def title(self) -> str:
        return self.block.meta.title or split(self.path)[1].rpartition(".")[0]

    @property
    def text(self) -> str:
        """The text below the front matter, with `\\n` line ends."""
        return self.content[self.block.text_at :].replace("\r\n", "\n")

    @property
    def newline(self) -> str:
        """The line end that this file uses."""
        first = self.content.find("\n")
        return "\r\n" if first > 0 and self.content[first - 1] == "\r" else "\n"

    def headings(self) -> list[markdown.Heading]:
        return markdown.headings(self.content, self.block.headings_at)

    def section(self, heading: str, *, once: bool = False) -> markdown.Section:
        return markdown.section(self.content, heading, self.block.headings_at, once=once)

    def ref(self, *, created: bool) -> NoteRef:
        """What a write answers."""
        return NoteRef(
            path=self.path, title=self.title, version=self.version, characters=len(self.text), created=created
        )

    def require(self, version: str) -> None:
        """Raises Problem `version_conflict` when this is not the version that the caller read."""
        if self.version != version:
            raise Problem(
                "version_conflict",
                f"{short(self.path)} has version {self.version} now, not {version}; nothing was changed.",
                version=self.version,
            )

    def with_addition(self, text: str, heading: str | None) -> bytes:
        """The note with `text` at its end, or at the end of a section. Raises Problem as `section` does."""
        if heading is not None:
            part = self.section(heading, once=True)
            return self.encoded(markdown.section_with(self.content, part, text, self.newline))
        at = self.block.text_at
        return self.encoded(self.content[:at] + markdown.appended(self.content[at:], text, self.newline))

    def with_section(self, heading: str, replacement: str) -> bytes:
        """The note with the text under `heading` replaced. Raises Problem as `section` does."""
        part = self.section(heading, once=True)
        return self.encoded(markdown.section_replaced(self.content, part, replacement, self.newline))

    def with_replaced(self, find: str, replacement: str) -> bytes:
        """The note with one exact piece of text replaced. Raises Problem `text_not_found`, `ambiguous_text`."""
        at = self.block.text_at
        return self.encoded(markdown.text_replaced(self.content, find, replacement, at, self.newline))

    def encoded(self, content: str) -> bytes:
        """The bytes of a changed `content`."""
        return (codecs.BOM_UTF8 if self.bom else b"") + content.encode()


def decode(path: str, data: bytes) -> Document:
    """Raises Problem `unreadable_note` when the bytes are not UTF-8."""
    bom = data.startswith(codecs.BOM_UTF8)
    try:
        content = (data[3:] if bom else data).decode()
    except UnicodeDecodeError as error:
        raise Problem(
            "unreadable_note", f"{short(path)} is not UTF-8 text (byte {error.start}); save it as UTF-8 first."
        ) from error
    return Document(path, content, front_matter.find(content), bom, digest(data))


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
