"""Names: a title becomes a file name that Windows, macOS and Linux all take; a path that leaves the folder is refused."""

import re
import unicodedata
from typing import Final

from deskbell_wire.errors import Problem

SUFFIX: Final = ".md"
NOTE_SUFFIXES: Final = (".md", ".markdown")
MAX_NAME_BYTES: Final = 255
MAX_DEPTH: Final = 32

_RESERVED: Final = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"]
    + [f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789¹²³"]
)
"""Device names that Windows takes for itself in every folder, whatever the extension (Microsoft, 'Naming Files')."""

_INVISIBLE: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Characters of visible categories that draw nothing: joiner, Hangul fillers, Khmer inherent vowels, blank Braille."""

_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_FORBIDDEN: Final = re.compile(r'[<>"|?*]')
_TRAVERSAL: Final = re.compile(r"^[/\\]|^[A-Za-z]:[/\\]|(?:^|[/\\])\.\.(?:[/\\]|$)")
_DRIVE: Final = re.compile(r"^[A-Za-z]:")


def key(name: str) -> str:
    """What two names share when a file system could take them for one: NFC and case folding."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def visible(text: str) -> str:
    """`text` in NFC on one line, without control, bidi, zero-width and other characters that draw nothing."""
    kept = []
    for character in text:
        category = unicodedata.category(character)
        if character.isspace() or category in ("Zl", "Zp", "Zs"):
            kept.append(" ")
        elif category not in ("Cc", "Cf", "Cs") and character not in _INVISIBLE:
            kept.append(character)
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())


def display(title: str) -> str:
    """A title for people: on one line, without control and bidi characters; joined emoji stay joined."""
    kept = (" " if c.isspace() else c for c in title if c.isspace() or unicodedata.category(c) not in ("Cc", "Cs"))
    return " ".join("".join(c for c in kept if c not in _BIDI).split())


def file_name(title: str) -> str:
    """The file name for a note of this title, with `.md`. The same title always gives the same name.

    Raises Problem `unsafe_name` when the title is a path that climbs or starts at a root, or when nothing is left of it.
    """
    text = visible(title)
    if _TRAVERSAL.search(text):
        raise Problem("unsafe_name", f"The title {short(title)} is a path, not a title: use plain words.")
    stem = _stem(text, MAX_NAME_BYTES - len(SUFFIX))
    if not stem:
        raise Problem("unsafe_name", f"Nothing is left of the title {short(title)} as a file name: use plain words.")
    return stem + SUFFIX


def folder_name(segment: str) -> str:
    """A safe name for a folder that is to be made. Raises Problem `unsafe_name` when nothing is left of it."""
    name = _stem(visible(segment), MAX_NAME_BYTES)
    if not name:
        raise Problem("unsafe_name", f"{short(segment)} cannot be a folder's name: use plain words.")
    return name


def note_path(path: str) -> str:
    """A caller's path to a note, checked; `.md` is added when it names no note file.

    Raises Problem `outside_folder` or `unsafe_name`.
    """
    segments = _segments(path)
    if not segments:
        raise Problem("unsafe_name", "The path is empty: name a note, such as 'Ideas/Boat.md'.")
    checked = "/".join(segments)
    return checked if is_note(segments[-1]) else checked + SUFFIX


def folder_path(path: str) -> str:
    """A caller's path to a folder, checked; empty is the top folder. Raises Problem `outside_folder`, `unsafe_name`."""
    return "/".join(_segments(path))


def is_note(name: str) -> bool:
    """Whether a file of this name is a note: Markdown by its suffix, and not hidden."""
    return name.lower().endswith(NOTE_SUFFIXES) and addressable(name)


def addressable(name: str) -> bool:
    """Whether a caller can name this file or folder: hidden ones (`.obsidian`, `.deskbell`) stay out of sight."""
    return not (name.startswith(".") or ":" in name or "\\" in name or any(ord(c) < 32 or ord(c) == 127 for c in name))


def join(folder: str, name: str) -> str:
    """`name` inside `folder`; both relative to the notes folder."""
    return f"{folder}/{name}" if folder else name


def split(path: str) -> tuple[str, str]:
    """The folder and the name of a relative path."""
    folder, _, name = path.rpartition("/")
    return folder, name


def numbered(path: str, number: int, mark: str = " ") -> str:
    """Another name beside `path`: `Boat.md` becomes `Boat 2.md`. A long name is cut so that it still fits."""
    folder, name = split(path)
    stem, dot, suffix = name.rpartition(".")
    tail = f"{mark}{number}{dot}{suffix}"
    return join(folder, cut(stem, MAX_NAME_BYTES - len(tail.encode())) + tail)


def cut(text: str, size: int) -> str:
    """The longest beginning of `text` of at most `size` UTF-8 bytes that splits no character and no cluster."""
    if len(text.encode()) <= size:
        return text
    kept = text.encode()[:size].decode(errors="ignore")
    end = len(kept)
    while end and _joins(text, end):
        end -= 1
    return text[:end] or kept


def short(text: str) -> str:
    """`text` quoted for a sentence, at most 60 characters of it."""
    shown = "".join(c if c.isprintable() else "·" for c in text[:60])
    return f"'{shown}…'" if len(text) > 60 else f"'{shown}'"


def _joins(text: str, at: int) -> bool:
    """Whether the character at `at` belongs to the one before: a mark, a skin tone, the second half of a flag."""
    character = text[at]
    if unicodedata.category(character) in ("Mn", "Me", "Mc") or "\U0001f3fb" <= character <= "\U0001f3ff":
        return True
    if not _is_regional(character):
        return False
    run = 0
    while run < at and _is_regional(text[at - 1 - run]):
        run += 1
    return run % 2 == 1


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _stem(text: str, size: int) -> str:
    """A safe stem; repeated until nothing changes, because cutting can lay bare another dot or another suffix."""
    while True:
        stem = re.sub(r"[/\\]", "-", text)
        stem = re.sub(r":(?=\S)", "-", stem).replace(":", "")
        stem = " ".join(_FORBIDDEN.sub("", stem).split())
        while stem.lower().endswith(SUFFIX):
            stem = stem[: -len(SUFFIX)]
        stem = stem.lstrip(". ")
        if stem.split(".")[0].rstrip(" ").casefold() in _RESERVED:
            stem = "_" + stem
        stem = unicodedata.normalize("NFC", cut(stem, size)).rstrip(". ")
        if stem == text:
            return stem
        text = stem


def _segments(path: str) -> list[str]:
    if "\0" in path:
        raise Problem("unsafe_name", "The path holds a NUL character: name a note, such as 'Ideas/Boat.md'.")
    if path.startswith(("/", "\\", "~/")) or _DRIVE.match(path) or "\\" in path:
        raise Problem("outside_folder", f"{short(path)} is not a path inside the notes folder: use 'Folder/Note.md'.")
    segments = [segment for segment in path.split("/") if segment not in ("", ".")]
    if ".." in segments:
        raise Problem("outside_folder", f"{short(path)} climbs out of the notes folder: use 'Folder/Note.md'.")
    if len(segments) > MAX_DEPTH:
        raise Problem("unsafe_name", f"The path has {len(segments)} parts and may have {MAX_DEPTH}: use a shorter one.")
    for segment in segments:
        if not addressable(segment):
            raise Problem(
                "unsafe_name", f"{short(segment)} is hidden or holds a colon or a control character: choose another."
            )
        if len(segment.encode()) > MAX_NAME_BYTES:
            raise Problem("unsafe_name", f"{short(segment)} is longer than {MAX_NAME_BYTES} bytes: use a shorter name.")
        if segment != segment.strip() or segment.endswith("."):
            raise Problem("unsafe_name", f"{short(segment)} begins or ends with a space or a dot, which Windows drops.")
    return segments
