"""The table and the catalogue name the same actions, with the same types."""

from pathlib import Path
from typing import get_type_hints

from deskbell_daemon import actions
from deskbell_daemon.actions.table import PERFORMERS, Context
from deskbell_daemon.notes.room import NotesRoom
from deskbell_wire.actions import BY_ID, DAEMON_ACTIONS
from deskbell_wire.ids import new_id


def test_the_table_holds_what_the_catalogue_gives_to_laptops() -> None:
    assert set(PERFORMERS) == set(DAEMON_ACTIONS)


def test_every_performer_takes_and_gives_the_catalogue_s_models() -> None:
    for action_id, perform in PERFORMERS.items():
        hints = get_type_hints(perform)
        assert hints["args"] is BY_ID[action_id].input, action_id
        assert hints["return"] is BY_ID[action_id].output, action_id


def test_every_action_has_its_file() -> None:
    folder = Path(actions.__file__).parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "table", "context"}
    assert files == {action_id.replace(".", "_") for action_id in PERFORMERS}


def test_a_command_runs_through_the_table(tmp_path: Path) -> None:
    room = NotesRoom.open(tmp_path, tmp_path.parent / f"{tmp_path.name}-state")
    try:
        args = BY_ID["note.create"].input.model_validate({"title": "Hello"})
        output = PERFORMERS["note.create"](args, Context(new_id("cmd"), lambda: room))
        assert output.model_dump()["path"] == "Hello.md"
    finally:
        room.close()
