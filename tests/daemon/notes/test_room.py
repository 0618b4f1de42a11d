"""Each note operation does what the catalogue promises."""

import os
import unicodedata
from pathlib import Path

import pytest

from deskbell_daemon.notes.room import NotesRoom
from deskbell_wire.errors import Problem
from deskbell_wire.ids import new_id
from deskbell_wire.notes import (
    AppendNote,
    CreateNote,
    EditNote,
    NoteRef,
    ReadNote,
    TrashNote,
)


def cmd() -> str:
    return new_id("cmd")


def create(room: NotesRoom, title: str, body: str = "", folder: str = "", command: str | None = None) -> NoteRef:
    return room.create(CreateNote(title=title, body=body, folder=folder, tags=["t"]), command or cmd())


def code(work) -> str:
    with pytest.raises(Problem) as caught:
        work()
    return caught.value.code


def everything(notes: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(notes)): path.read_bytes()
        for path in notes.rglob("*")
        if path.is_file() and ".deskbell" not in path.parts
    }


def leftovers(notes: Path) -> list[str]:
    return os.listdir(notes / ".deskbell" / "temp")


def test_a_note_is_made_and_read_back(room: NotesRoom, notes: Path) -> None:
    ref = create(room, "AC/DC: live", "# One\ntext", "Music/Rock")
    assert (ref.path, ref.title, ref.created) == ("Music/Rock/AC-DC live.md", "AC/DC: live", True)
    text = room.read(ReadNote(path=ref.path))
    assert (text.text, text.title, text.tags, text.headings, text.version) == (
        "# One\ntext\n", "AC/DC: live", ["t"], ["One"], ref.version,
    )  # fmt: skip
    assert text.characters == ref.characters and leftovers(notes) == []


@pytest.mark.parametrize("title", ["../../etc/passwd", "/etc/passwd", "C:\\x", "\\\\server\\x", "..", "\u200b"])
def test_a_hostile_title_changes_nothing(room: NotesRoom, notes: Path, title: str) -> None:
    assert code(lambda: create(room, title)) == "unsafe_name"
    assert everything(notes) == {}


def test_emoji_and_reserved_titles_become_notes(room: NotesRoom) -> None:
    assert create(room, "🎉").path == "🎉.md"
    assert create(room, "CON").path == "_CON.md"
    assert len(create(room, "字" * 300).path.encode()) <= 255


@pytest.mark.parametrize("there", ["boat.md", "BOAT.md", "Café.md"])
def test_a_twin_made_by_hand_is_never_overwritten(room: NotesRoom, notes: Path, there: str) -> None:
    create(room, "Other")
    (notes / unicodedata.normalize("NFD", there)).write_text("mine")
    title = "CAFÉ" if there.startswith("C") else "Boat"
    assert code(lambda: create(room, title)) == "name_taken"
    assert (notes / unicodedata.normalize("NFD", there)).read_text() == "mine"
    assert len(everything(notes)) == 2 and leftovers(notes) == []


def test_a_link_of_that_name_is_neither_followed_nor_replaced(room: NotesRoom, notes: Path, tmp_path: Path) -> None:
    (notes / "Boat.md").symlink_to(tmp_path / "elsewhere.md")
    (notes / "Way").symlink_to(tmp_path)
    assert code(lambda: create(room, "Boat")) == "name_taken"
    assert code(lambda: create(room, "x", folder="Way")) == "outside_folder"
    assert code(lambda: room.read(ReadNote(path="Way/x.md"))) == "outside_folder"
    assert not (tmp_path / "elsewhere.md").exists() and (notes / "Boat.md").is_symlink()


def test_a_folder_twin_is_used_not_doubled(room: NotesRoom, notes: Path) -> None:
    (notes / "Ideas").mkdir()
    assert create(room, "a", folder="ideas").path == "Ideas/a.md"
    assert create(room, "b", folder="What?").path == "What/b.md"
    for folder in ("../x", "/abs", "a:b", ".deskbell/trash"):
        assert code(lambda folder=folder: create(room, "c", folder=folder)) in ("outside_folder", "unsafe_name")


def test_appending_and_editing_leave_front_matter_line_ends_and_bom_alone(room: NotesRoom, notes: Path) -> None:
    head = b"\xef\xbb\xbf---\r\n# remark\r\ntags:   [x]\r\n---\r\n"
    (notes / "w.md").write_bytes(head + b"# A\r\none\r\n# B\r\ntwo")
    os.chmod(notes / "w.md", 0o640)
    ref = room.append(AppendNote(path="w.md", text="new\nlines", heading="A"), cmd())
    assert (notes / "w.md").read_bytes() == head + b"# A\r\none\r\n\r\nnew\r\nlines\r\n\r\n# B\r\ntwo"
    room.edit(EditNote(path="w.md", version=ref.version, find="new\nlines", replacement="x\ny"), cmd())
    assert (notes / "w.md").read_bytes() == head + b"# A\r\none\r\n\r\nx\r\ny\r\n\r\n# B\r\ntwo"
    assert (notes / "w.md").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("head", ["", "---\na: [\n---\n", "---\nunclosed\n", "---\n- list\n---\n"])
def test_notes_with_no_or_broken_front_matter_are_read_and_edited(room: NotesRoom, notes: Path, head: str) -> None:
    (notes / "hand.md").write_text(head + "# H\ntext\n")
    read = room.read(ReadNote(path="hand"))
    assert read.text.endswith("# H\ntext\n") and read.title == "hand"
    ref = room.append(AppendNote(path="hand.md", text="more"), cmd())
    room.edit(EditNote(path="hand.md", version=ref.version, heading="H", replacement="changed"), cmd())
    assert (notes / "hand.md").read_text() == head + "# H\n\nchanged\n"


def test_append_makes_a_note_only_when_told(room: NotesRoom) -> None:
    assert code(lambda: room.append(AppendNote(path="Log.md", text="x"), cmd())) == "note_not_found"
    command = cmd()
    ref = room.append(AppendNote(path="Daily/Log.md", text="x", create=True), command)
    assert (ref.path, ref.created) == ("Daily/Log.md", True)
    assert room.append(AppendNote(path="Daily/Log.md", text="x", create=True), command) == ref
    assert room.append(AppendNote(path="daily/log", text="y", create=True), cmd()).path == "Daily/Log.md"
    assert room.read(ReadNote(path="Daily/Log.md")).text == "x\n\ny\n"


def test_an_edit_on_top_of_a_changed_note_is_refused(room: NotesRoom, notes: Path) -> None:
    ref = create(room, "Boat", "a b a")
    path = notes / ref.path
    before = path.read_bytes()
    for replacement, find, expected in (("x", "a", "ambiguous_text"), ("x", "q", "text_not_found")):
        args = EditNote(path=ref.path, version=ref.version, find=find, replacement=replacement)
        assert code(lambda args=args: room.edit(args, cmd())) == expected
    missing = EditNote(path=ref.path, version=ref.version, heading="No", replacement="x")
    assert code(lambda: room.edit(missing, cmd())) == "heading_not_found"
    assert path.read_bytes() == before
    path.write_bytes(before + b"by hand\n")
    late = EditNote(path=ref.path, version=ref.version, find="b", replacement="x")
    assert code(lambda: room.edit(late, cmd())) == "version_conflict"
    assert path.read_bytes() == before + b"by hand\n" and leftovers(notes) == []


def test_a_long_note_is_read_in_parts_and_by_section(room: NotesRoom) -> None:
    body = "# A\n" + "äöü\n" * 500 + "# B\nend\n"
    ref = create(room, "Long", body)
    parts, offset = [], 0
    while True:
        part = room.read(ReadNote(path=ref.path, offset=offset, limit=700))
        parts.append(part.text)
        if part.next_offset is None:
            break
        offset = part.next_offset
    assert "".join(parts) == body
    assert room.read(ReadNote(path=ref.path, heading="B")).text == "# B\nend\n"


def test_what_is_not_utf8_or_not_there_says_so(room: NotesRoom, notes: Path) -> None:
    (notes / "latin.md").write_bytes("é".encode("latin-1"))
    assert code(lambda: room.read(ReadNote(path="latin.md"))) == "unreadable_note"
    assert code(lambda: room.append(AppendNote(path="latin.md", text="x"), cmd())) == "unreadable_note"
    assert code(lambda: room.read(ReadNote(path="none.md"))) == "note_not_found"
    assert code(lambda: room.read(ReadNote(path="../x"))) == "outside_folder"
    assert (notes / "latin.md").read_bytes() == b"\xe9"


def test_the_same_command_again_does_nothing_and_answers_the_same(room: NotesRoom, notes: Path) -> None:
    made, added, trashed = cmd(), cmd(), cmd()
    first = create(room, "Once", "x", command=made)
    assert create(room, "Once", "x", command=made) == first
    append = AppendNote(path=first.path, text="y")
    ref = room.append(append, added)
    assert room.append(append, added) == ref
    edit = EditNote(path=first.path, version=ref.version, find="y", replacement="z")
    assert room.edit(edit, again := cmd()) == room.edit(edit, again)
    assert room.read(ReadNote(path=first.path)).text == "x\n\nz\n"
    gone = room.trash(TrashNote(path=first.path), trashed)
    assert room.trash(TrashNote(path=first.path), trashed) == gone
    assert create(room, "Once", "x", command=made) == first
    assert everything(notes) == {}
