"""A notes room on a real folder."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deskbell_daemon.notes.room import NotesRoom

Opener = Callable[[], NotesRoom]


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    return folder


@pytest.fixture
def opener(notes: Path, tmp_path: Path) -> Iterator[Opener]:
    """Opens the room again and again; each is closed before the next."""
    opened: list[NotesRoom] = []

    def open_room() -> NotesRoom:
        while opened:
            opened.pop().close()
        opened.append(NotesRoom.open(notes, tmp_path / "state"))
        return opened[0]

    yield open_room
    while opened:
        opened.pop().close()


@pytest.fixture
def room(opener: Opener) -> NotesRoom:
    return opener()
