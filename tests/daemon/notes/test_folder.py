"""Nothing outside the folder is read or written, by any walk, and no file is overwritten that should not be."""

import contextlib
import errno
import os
import stat
import threading
from pathlib import Path

import pytest

from deskbell_daemon.notes import folder as folder_module
from deskbell_daemon.notes.folder import Folder
from deskbell_daemon.notes.walk import Resolved, walk_for
from deskbell_wire.errors import Problem


@pytest.fixture(params=["handles", "resolved"])
def folder(request: pytest.FixtureRequest, notes: Path):
    opened = Folder(notes, Resolved(notes.resolve()) if request.param == "resolved" else walk_for(notes.resolve()))
    yield opened
    opened.close()


def refused(work) -> str:
    with pytest.raises(Problem) as caught:
        work()
    return caught.value.code


def test_links_are_refused_wherever_they_lead(folder: Folder, notes: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("secret")
    (notes / "in").mkdir()
    (notes / "in" / "a.md").write_text("a")
    (notes / "out").symlink_to(outside)
    (notes / "inner").symlink_to(notes / "in")
    (notes / "link.md").symlink_to(outside / "secret.md")
    (notes / "dangling.md").symlink_to(outside / "new.md")
    for path in ("out/secret.md", "inner/a.md", "link.md"):
        assert refused(lambda path=path: folder.read(path)) == "outside_folder"
    assert refused(lambda: folder.write("out/new.md", b"x")) == "outside_folder"
    assert refused(lambda: folder.make_folder("out/made")) == "outside_folder"
    assert refused(lambda: folder.entries("out")) == "outside_folder"
    folder.write("plain.md", b"x")
    assert refused(lambda: folder.move("plain.md", "out/plain.md")) == "outside_folder"
    with contextlib.suppress(FileExistsError, Problem):
        folder.write("dangling.md", b"x")
    assert sorted(os.listdir(outside)) == ["secret.md"]
    assert sorted(entry.name for entry in folder.entries("")) == ["in", "plain.md"]


def test_special_files_are_no_notes(folder: Folder, notes: Path) -> None:
    os.mkfifo(notes / "pipe.md")
    (notes / "folder.md").mkdir()
    assert refused(lambda: folder.read("pipe.md")) == "unreadable_note"
    assert refused(lambda: folder.read("folder.md")) == "unreadable_note"
    assert folder.stamp("pipe.md") is None


def test_a_big_file_is_refused(folder: Folder, notes: Path) -> None:
    with (notes / "big.md").open("wb") as file:
        file.truncate(20_000_001)
    assert refused(lambda: folder.read("big.md")) == "unreadable_note"


def test_a_move_never_overwrites(folder: Folder, notes: Path) -> None:
    folder.write("a", b"a")
    folder.write("b", b"b")
    with pytest.raises(FileExistsError):
        folder.move("a", "b")
    assert ((notes / "a").read_bytes(), (notes / "b").read_bytes()) == (b"a", b"b")
    folder.move("a", "c")
    assert not (notes / "a").exists() and (notes / "c").read_bytes() == b"a"


def test_a_disk_without_hard_links_still_never_overwrites(
    folder: Folder, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(folder_module.os, "link", no_links)
    folder.write("a", b"a")
    folder.write("b", b"b")
    with pytest.raises(FileExistsError):
        folder.move("a", "b")
    folder.move("a", "c")
    assert (notes / "c").read_bytes() == b"a" and (notes / "b").read_bytes() == b"b"


def test_a_new_file_is_0644_and_a_replacement_keeps_its_mode(folder: Folder, notes: Path) -> None:
    folder.write("new.md", b"x")
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((notes / "new.md").stat().st_mode) == 0o644 & ~umask
    folder.write("private.md", b"x", 0o600)
    assert stat.S_IMODE((notes / "private.md").stat().st_mode) == 0o600


def test_swapping_a_folder_for_a_link_never_leads_out(notes: Path, tmp_path: Path) -> None:
    """A thread swaps `sub` between a folder and a link to outside; neither a read nor a write ever goes through."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.md").write_bytes(b"SECRET")
    (notes / "sub").mkdir()
    (notes / "sub" / "a.md").write_bytes(b"ours")
    (notes / "way").symlink_to(outside)
    folder = Folder(notes)
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            os.rename(notes / "sub", notes / "aside")
            os.rename(notes / "way", notes / "sub")
            os.rename(notes / "sub", notes / "way")
            os.rename(notes / "aside", notes / "sub")

    swapper = threading.Thread(target=swap)
    swapper.start()
    read = written = refusals = 0
    try:
        for number in range(4_000):
            try:
                assert folder.read("sub/a.md")[0] == b"ours"
                read += 1
                folder.write(f"sub/{number}.tmp", b"x")
                written += 1
            except (Problem, FileNotFoundError):
                refusals += 1
    finally:
        stop.set()
        swapper.join()
        folder.close()
    assert read and written and refusals
    assert os.listdir(outside) == ["a.md"] and (outside / "a.md").read_bytes() == b"SECRET"
