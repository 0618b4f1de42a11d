"""The reader: the part of a note that was asked for."""

from typing import Final

from deskbell_daemon.notes.document import Document
from deskbell_daemon.notes.folder import Stamp
from deskbell_wire.clock import to_timestamp
from deskbell_wire.notes import NoteText, ReadNote

MAX_HEADINGS: Final = 200


def excerpt(document: Document, stamp: Stamp, args: ReadNote) -> NoteText:
    """The whole text, or one section with its heading, from `offset` on, at most `limit` characters of it.

    Raises Problem `heading_not_found`.
    """
    whole = document.text
    if args.heading is None:
        part = whole
    else:
        section = document.section(args.heading)
        part = document.content[section.heading.start : section.end].replace("\r\n", "\n")
    end = args.offset + args.limit
    return NoteText(
        path=document.path,
        title=document.title,
        version=document.version,
        tags=list(document.block.meta.tags),
        headings=[heading.title for heading in document.headings()[:MAX_HEADINGS]],
        text=part[args.offset : end],
        characters=len(whole),
        next_offset=end if end < len(part) else None,
        updated_at=to_timestamp(stamp.mtime_ns // 1000),
    )
