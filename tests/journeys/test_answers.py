"""Clients check answers against the schemas that they were shown, and throw away what does not fit."""

from pathlib import Path
from typing import Any

import jsonschema
from households import connected

from deskbell_relay.ingress.schemas import output_schema
from deskbell_wire.actions import CATALOGUE

SCHEMAS = {action.operation_id: output_schema(action) for action in CATALOGUE}


async def test_every_answer_about_notes_fits_the_schema_that_its_door_shows(tmp_path: Path) -> None:
    async with connected(tmp_path) as (_, assistant):

        async def ask(operation: str, **arguments: Any) -> dict[str, Any]:
            answer = await assistant.call(operation, arguments, wait_s=30)
            jsonschema.validate(answer, SCHEMAS[operation], jsonschema.Draft202012Validator)
            assert answer.get("status", "done") == "done", answer
            return answer

        made = await ask("createNote", title="Mend the sail", body="Torn at the leech.")
        path = made["output"]["path"]
        read = (await ask("readNote", path=path))["output"]
        edited = await ask("editNote", path=path, version=read["version"], find="Torn", replacement="Mended")
        await ask("undoNote", command_id=edited["id"])
        await ask("appendNote", path=path, text="By the river.")
        await ask("searchNotes", query="leech")
        await ask("searchNotes", query="nothing of the kind")
        await ask("listNotes")
        trashed = await ask("trashNote", path=path)
        await ask("undoNote", command_id=trashed["id"])
        await ask("undoNote", command_id=made["id"])
        await ask("getResult", command_id=made["id"])
        await ask("listDevices")
