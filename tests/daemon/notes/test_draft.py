"""A note that grows: readable from its first word, and whatever a person does to it meanwhile is kept."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deskbell_daemon.notes import front_matter
from deskbell_daemon.notes.draft import Draft
from deskbell_daemon.notes.room import NotesRoom
from deskbell_wire.errors import Problem
from deskbell_wire.ids import new_id, run_of
from deskbell_wire.notes import (
    AppendNote,
    CreateNote,
    DraftedNote,
    DraftNote,
    ListNotes,
    NoteRef,
    ReadNote,
    TrashNote,
    UndoNote,
)

ANSWER = "The sea is salt.\n\n- rivers bring it\n- the sun takes the water\n\nSo it stays, and grows. "


def told(ref: NoteRef) -> DraftedNote:
    return DraftedNote(**ref.model_dump())


def begin(room: NotesRoom, title: str = "Sea", **more: object) -> Draft:
    command = new_id("cmd")
    return room.drafts.begin(DraftNote(title=title, prompt="?", **more), command, run_of(command), numbered=True)  # type: ignore[arg-type]


def pour(draft: Draft, answer: str) -> None:
    """As often as it takes until the file holds it: what was just saved by hand is let come to rest first."""
    for _ in range(4):
        draft.pour(answer)


def body(file: Path) -> str:
    text = file.read_text(encoding="utf-8")
    return text[front_matter.find(text).text_at :]


def test_it_is_a_note_from_the_first_word_and_a_plain_one_at_the_end(room: NotesRoom, notes: Path) -> None:
    draft = begin(room, tags=["sea"], folder="Ideas")
    file = notes / "Ideas" / "Sea.md"
    for end in range(1, len(ANSWER)):
        draft.pour(ANSWER[:end])
        assert body(file) == ANSWER[:end]
    meta = front_matter.find(file.read_text()).meta
    assert (meta.title, meta.tags, meta.command) == ("Sea", ("sea",), draft.command)
    assert meta.draft == front_matter.DraftMark(draft.run, "drafting", len(ANSWER) - 1)
    assert "status: drafting\n" in file.read_text()
    drafted = draft.finish(ANSWER, None, told)
    assert (drafted.path, drafted.created, drafted.characters) == ("Ideas/Sea.md", True, len(ANSWER) + 1)
    assert body(file) == ANSWER + "\n"
    assert front_matter.find(file.read_text()).meta.draft == front_matter.DraftMark(draft.run)
    assert "status" not in file.read_text()
    assert room.drafts.earlier(draft.command) == drafted
    assert [note.path for note in room.list(ListNotes()).notes] == ["Ideas/Sea.md"]


def test_it_is_undone_and_done_again_like_any_other(room: NotesRoom, notes: Path) -> None:
    draft = begin(room)
    draft.finish(ANSWER, None, told)
    undo = new_id("cmd")
    assert room.undo(UndoNote(command_id=draft.command), undo).undone == "draft"
    assert not (notes / "Sea.md").exists()
    room.undo(UndoNote(command_id=undo), new_id("cmd"))
    assert body(notes / "Sea.md") == ANSWER + "\n"


def test_a_part_says_that_it_is_one_and_why(room: NotesRoom, notes: Path) -> None:
    draft = begin(room)
    draft.pour("The sea")
    draft.finish("The sea is", 'Stopped: "enough"\n---\nstatus: whole', told)
    text = (notes / "Sea.md").read_text()
    assert "status: partial\n" in text
    assert front_matter.find(text).meta.draft == front_matter.DraftMark(draft.run, "partial", len("The sea is"))
    assert 'partial: "Stopped: \\"enough\\"\\n---\\nstatus: whole"' in text
    assert body(notes / "Sea.md") == "The sea is\n"


@pytest.mark.parametrize(
    "answer",
    [
        "---\ntitle: forged\ndeskbell:\n  command: cmd_01932c07-0000-7000-8000-000000000000\n---\ntext",
        "  characters: 0\n  characters: 7\nstatus: drafting\n---\n",
        "...\n---\n# no\n",
        "\\1 \\g<0> {0} %s\n",
    ],
)
def test_the_answer_cannot_forge_the_front_matter(room: NotesRoom, notes: Path, answer: str) -> None:
    draft = begin(room)
    for end in range(1, len(answer) + 1):
        draft.pour(answer[:end])
    draft.finish(answer, None, told)
    text = (notes / "Sea.md").read_text()
    assert body(notes / "Sea.md").rstrip("\n") == answer.rstrip("\n")
    assert front_matter.find(text).meta.title == "Sea"
    assert front_matter.find(text).meta.command == draft.command
    assert room.read(ReadNote(path="Sea.md")).title == "Sea"


def test_what_a_person_saves_while_it_pours_is_kept_and_nothing_is_lost_or_doubled(
    room: NotesRoom, notes: Path
) -> None:
    draft = begin(room)
    file = notes / "Sea.md"
    draft.pour(ANSWER[:40])
    stale = file.read_text()  # what an editor has open
    draft.pour(ANSWER[:60])
    stale = stale.replace("title: Sea", "title: The sea").replace("The sea is salt.", "The sea is SALT.")
    file.write_text(stale)
    pour(draft, ANSWER[:70])
    assert body(file) == ANSWER[:70].replace("salt", "SALT")
    file.write_text(file.read_text() + "\n\nMy own last line.\n")
    pour(draft, ANSWER[:80])
    assert body(file) == ANSWER[:80].replace("salt", "SALT") + "\n\nMy own last line.\n"
    draft.finish(ANSWER, None, told)
    assert body(file) == ANSWER.replace("salt", "SALT") + "\n\nMy own last line.\n"
    assert front_matter.find(file.read_text()).meta.title == "The sea"


def test_an_editor_that_ends_every_file_with_a_newline_breaks_no_word(room: NotesRoom, notes: Path) -> None:
    draft = begin(room)
    file = notes / "Sea.md"
    draft.pour("Typewri")
    file.write_text(file.read_text() + "\n")
    pour(draft, "Typewriter")
    draft.finish("Typewriter", None, told)
    assert body(file) == "Typewriter\n"


def test_windows_line_ends_of_an_editor_stay(room: NotesRoom, notes: Path) -> None:
    draft = begin(room)
    file = notes / "Sea.md"
    draft.pour("one\ntwo\nth")
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    pour(draft, "one\ntwo\nthree\nfo")
    draft.finish("one\ntwo\nthree\nfour", None, told)
    assert file.read_bytes().endswith(b"---\r\none\r\ntwo\r\nthree\r\nfour\r\n")


def test_a_note_that_a_person_made_their_own_is_left_alone_and_the_answer_goes_beside_it(
    room: NotesRoom, notes: Path
) -> None:
    draft = begin(room)
    draft.pour("The sea")
    (notes / "Sea.md").write_text("All mine now.\n")
    pour(draft, "The sea is")
    drafted = draft.finish("The sea is salt.", None, told)
    assert (notes / "Sea.md").read_text() == "All mine now.\n"
    assert drafted.path == "Sea 2.md"
    assert body(notes / "Sea 2.md") == "The sea is salt.\n"


def test_it_follows_a_note_to_its_new_name(room: NotesRoom, notes: Path) -> None:
    draft = begin(room)
    draft.pour("The sea")
    (notes / "Other").mkdir()
    (notes / "Sea.md").rename(notes / "Other" / "Ocean.md")
    pour(draft, "The sea is")
    assert draft.finish("The sea is salt.", None, told).path == "Other/Ocean.md"
    assert body(notes / "Other" / "Ocean.md") == "The sea is salt.\n"


def test_a_note_that_is_taken_away_ends_it(room: NotesRoom, notes: Path) -> None:
    draft = begin(room)
    draft.pour("The sea")
    room.trash(TrashNote(path="Sea.md"), new_id("cmd"))
    with pytest.raises(Problem) as raised:
        pour(draft, "The sea is")
    assert raised.value.code == "note_not_found"
    assert not list(notes.glob("*.md"))


def test_what_an_assistant_adds_meanwhile_stays(room: NotesRoom, notes: Path) -> None:
    draft = begin(room)
    draft.pour("The sea is salt.")
    room.append(AppendNote(path="Sea.md", text="Added."), new_id("cmd"))
    pour(draft, "The sea is salt. Yes.")
    draft.finish("The sea is salt. Yes.", None, told)
    assert body(notes / "Sea.md") == "The sea is salt. Yes.\n\nAdded.\n"


def test_a_taken_name_is_told_before_anything_is_spent_and_numbered_after(room: NotesRoom, notes: Path) -> None:
    room.create(CreateNote(title="Sea", body="Mine."), new_id("cmd"))
    with pytest.raises(Problem) as raised:
        room.drafts.check(DraftNote(title="sea", prompt="?"))
    assert raised.value.code == "name_taken"
    assert begin(room).path == "Sea 2.md"
    assert body(notes / "Sea.md") == "Mine.\n"


def test_an_empty_one_goes_without_a_trace_unless_somebody_wrote_into_it(room: NotesRoom, notes: Path) -> None:
    begin(room).discard()
    assert not list(notes.glob("*.md"))
    draft = begin(room)
    (notes / "Sea.md").write_text("Mine.\n")
    draft.discard()
    assert (notes / "Sea.md").read_text() == "Mine.\n"


def test_after_a_crash_it_is_found_again_and_goes_on_where_it_was(opener: object, notes: Path) -> None:
    room = opener()  # type: ignore[operator]
    draft = begin(room)
    draft.pour(ANSWER[:30])
    (notes / "Sea.md").rename(notes / "Moved.md")
    room = opener()  # type: ignore[operator]
    again = room.drafts.find(DraftNote(title="Sea", prompt="?"), draft.command)
    assert again is not None
    assert (again.path, again.run, again.poured, again.ended) == ("Moved.md", draft.run, 30, False)
    again.pour(ANSWER[:10])  # the answer is read from its beginning again
    assert body(notes / "Moved.md") == ANSWER[:30]
    again.finish(ANSWER, None, told)
    assert body(notes / "Moved.md") == ANSWER + "\n"


def test_a_copy_that_somebody_made_of_it_is_not_taken_for_it(opener: object, notes: Path) -> None:
    room = opener()  # type: ignore[operator]
    draft = begin(room)
    draft.pour("The sea")
    (notes / "A copy.md").write_text((notes / "Sea.md").read_text())
    (notes / "Sea.md").write_text((notes / "Sea.md").read_text())
    room = opener()  # type: ignore[operator]
    assert room.drafts.find(DraftNote(title="Sea", prompt="?"), draft.command).path == "Sea.md"


def test_a_part_of_which_no_more_can_be_had_stays_as_it_is(opener: object, notes: Path) -> None:
    room = opener()  # type: ignore[operator]
    draft = begin(room)
    draft.pour("The sea is")
    room = opener()  # type: ignore[operator]
    again = room.drafts.find(DraftNote(title="Sea", prompt="?"), draft.command)
    again.finish("", "There is no such run.", told)
    assert body(notes / "Sea.md") == "The sea is\n"
    last = room.drafts.find(DraftNote(title="Sea", prompt="?"), draft.command)
    assert (last.ended, last.partial) == (True, True)


PIECES = st.lists(
    st.sampled_from(["a", "ab", "word ", "\n", "\n\n", "---\n", "é", "  characters: 3\n", "# H\n"]), max_size=40
)
EDITS = st.lists(st.tuples(st.integers(0, 19), st.integers(0, 3), st.floats(0, 1)), max_size=4)


# The last words stand in the answer twice, and the person writes into the second time.
@example(pieces=["aa", "  characters: 3\n", "  characters: 3\n", "a"], edits=[(2, 0, 0.75)])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=PIECES, edits=EDITS)
def test_wherever_and_however_late_a_person_writes_into_it_the_answer_stays_whole(
    room: NotesRoom, notes: Path, pieces: list[str], edits: list[tuple[int, int, float]]
) -> None:
    draft = begin(room, title=new_id("cmd"))
    file, answer, marks = notes / draft.path, "", list[str]()
    seen, made = [file.read_text()], 0
    for number, piece in enumerate(pieces):
        answer += piece
        draft.pour(answer)
        seen.append(file.read_text())
        for at, late, where in edits:
            if at == number:
                text = seen[max(0, len(seen) - 1 - late)]  # as an editor has it that has not looked again
                start = front_matter.find(text).text_at
                place = start + round((len(text) - start) * where)
                marks = [mark for mark in marks if mark in text] + [chr(0xE000 + made)]
                made += 1
                file.write_text(text[:place] + marks[-1] + text[place:])
                pour(draft, answer)
                seen = [file.read_text()]
    draft.finish(answer, None, told)
    left = body(file)
    for mark in marks:
        assert left.count(mark) == 1
        left = left.replace(mark, "")
    # What stands beside a person's own words may get a line's end more or less.
    assert left.replace("\n", "") == answer.replace("\n", "")
    assert marks or left.rstrip("\n") == answer.rstrip("\n")
