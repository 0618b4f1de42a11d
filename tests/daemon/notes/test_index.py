"""Search and list tell what is on the disk now, whoever wrote it."""

import os
import time
from pathlib import Path

import pytest

from deskbell_daemon.notes.room import NotesRoom
from deskbell_wire.errors import Problem
from deskbell_wire.ids import new_id
from deskbell_wire.notes import CreateNote, ListNotes, SearchNotes, TrashNote


def make(room: NotesRoom, title: str, body: str = "", tags: list[str] | None = None, folder: str = "") -> str:
    return room.create(CreateNote(title=title, body=body, tags=tags or [], folder=folder), new_id("cmd")).path


def paths(room: NotesRoom, query: str, folder: str = "", tag: str | None = None) -> list[str]:
    return sorted(hit.path for hit in room.search(SearchNotes(query=query, folder=folder, tag=tag)).hits)


def until(work, expected, seconds: float = 10.0) -> None:
    """Waits for the watcher, whose events have no other sign than that they were taken in."""
    end = time.monotonic() + seconds
    while (got := work()) != expected:
        assert time.monotonic() < end, got
        time.sleep(0.02)


def test_a_note_is_found_at_once_after_it_was_made(room: NotesRoom) -> None:
    make(room, "Boat trip", "We sail to Café Ørsted.", ["Sea"], "Trips")
    make(room, "Car", "We drive.")
    assert paths(room, "sail CAFE") == ["Trips/Boat trip.md"]
    assert paths(room, "we") == ["Car.md", "Trips/Boat trip.md"]
    assert paths(room, "we -drive") == paths(room, "-drive") == ["Trips/Boat trip.md"]
    assert paths(room, "we", folder="trips") == paths(room, "we", tag="#sea") == ["Trips/Boat trip.md"]
    hits = room.search(SearchNotes(query="sail", limit=1))
    assert hits.total == 1 and "**sail**" in hits.hits[0].snippet
    with pytest.raises(Problem, match="no folder"):
        paths(room, "we", folder="Nowhere")


def test_files_made_moved_and_deleted_by_hand_are_followed_at_once(room: NotesRoom, notes: Path) -> None:
    make(room, "A", "alpha")
    (notes / "hand.md").write_text("alpha by hand")
    (notes / "New" / "deep").mkdir(parents=True)
    (notes / "New" / "deep" / "x.md").write_text("alpha deep")
    assert paths(room, "alpha") == ["A.md", "New/deep/x.md", "hand.md"]
    (notes / "New").rename(notes / "Old")
    (notes / "hand.md").unlink()
    assert paths(room, "alpha") == ["A.md", "Old/deep/x.md"]
    room.trash(TrashNote(path="A.md"), new_id("cmd"))
    assert paths(room, "alpha") == ["Old/deep/x.md"]


def test_a_hit_that_changed_by_hand_is_never_stale(room: NotesRoom, notes: Path) -> None:
    path = notes / make(room, "A", "alpha")
    assert paths(room, "alpha") == ["A.md"]
    path.write_text("beta")
    assert paths(room, "alpha") == []
    assert paths(room, "beta") == ["A.md"]


def test_an_edit_in_place_is_seen_by_the_watcher(room: NotesRoom, notes: Path) -> None:
    make(room, "Top", "alpha")
    path = notes / make(room, "A", "alpha", folder="Sub")
    path.write_text("gamma")
    until(lambda: paths(room, "gamma"), ["Sub/A.md"])
    path.write_text("delta")
    until(lambda: paths(room, "delta"), ["Sub/A.md"])


def test_hidden_and_foreign_files_are_not_searched(room: NotesRoom, notes: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.md").write_text("alpha")
    for place in (".obsidian", ".deskbell/trash"):
        (notes / place).mkdir(parents=True, exist_ok=True)
        (notes / place / "x.md").write_text("alpha")
    (notes / "text.txt").write_text("alpha")
    (notes / "latin.md").write_bytes(b"alpha \xe9")
    (notes / "link.md").symlink_to(tmp_path / "outside.md")
    (notes / "links").symlink_to(tmp_path)
    assert paths(room, "alpha") == []
    assert room.list(ListNotes()).total == 0


@pytest.mark.parametrize("damage", ["missing", "garbage", "truncated", "other"])
def test_a_damaged_index_is_made_anew(opener, notes: Path, tmp_path: Path, damage: str) -> None:
    room = opener()
    for number in range(50):
        make(room, f"N{number}", f"alpha {number}")
    assert room.search(SearchNotes(query="alpha")).total == 50
    room.close()
    file = tmp_path / "state" / "notes-index.sqlite3"
    if damage == "missing":
        file.unlink()
    elif damage == "garbage":
        file.write_bytes(os.urandom(20_000))
    elif damage == "truncated":
        os.truncate(file, file.stat().st_size // 2)
    else:
        data = bytearray(file.read_bytes())
        data[4096:] = bytes(len(data) - 4096)
        file.write_bytes(data)
    fresh = NotesRoom.open(notes, tmp_path / "state")
    try:
        assert fresh.search(SearchNotes(query="alpha")).total == 50
    finally:
        fresh.close()


def test_an_index_damaged_while_open_is_made_anew(room: NotesRoom, tmp_path: Path) -> None:
    make(room, "A", "alpha")
    assert paths(room, "alpha") == ["A.md"]
    room._index._db.execute("DROP TABLE note_tags")
    make(room, "B", "alpha")
    assert paths(room, "alpha") == ["A.md", "B.md"]


def test_pages_give_each_note_once_though_new_ones_come(room: NotesRoom, notes: Path) -> None:
    expected = [make(room, f"N{number}", tags=["x"] if number % 2 else []) for number in range(25)]
    for number, path in enumerate(expected):  # fifteen at the same instant, the others a second apart
        changed = 10**18 + max(0, number - 14) * 10**9
        os.utime(notes / path, ns=(changed, changed))
    seen: list[str] = []
    page = None
    while True:
        answer = room.list(ListNotes(limit=4, page=page))
        seen += [note.path for note in answer.notes]
        make(room, f"Late {len(seen)}")
        if (page := answer.next_page) is None:
            break
    assert sorted(seen) == sorted(expected)
    assert seen[:10] == expected[:14:-1]
    assert room.list(ListNotes(tag="X")).total == 12
    for bad in ("x", "!!!!", "MS4x" * 10, "é"):
        with pytest.raises(Problem) as caught:
            room.list(ListNotes(page=bad))
        assert caught.value.code == "invalid_arguments"
